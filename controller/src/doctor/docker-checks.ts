import type { App } from '../app.ts';
import type { RunSpec } from '../docker/container-options.ts';
import { handshake } from '../runs/handshake.ts';
import { type Check, failed, guarded, ok } from './check.ts';
import type { Machine } from './machine.ts';

/** Debian 11's; what is older lacks what the containers' mounts and limits build upon, or was never seen by us. */
const oldestDocker = [20, 10];
const oldestCompose = [2, 0];

export function checkDocker(app: App): Promise<Check> {
  const remedy = `start Docker, and let the controller have its socket (${app.config.host.dockerSocket})`;
  return guarded('docker', remedy, async () => {
    const version = await app.engine.version();
    if (!isOlder(version, oldestDocker)) return ok('docker', `version ${version}`);
    const wanted = `upgrade Docker to ${oldestDocker.join('.')} or newer`;
    return failed('docker', `version ${version} is too old`, wanted);
  });
}

/** Compose writes its version on what it starts: on this very container, when it was compose that did it. */
export function checkCompose(app: App, { hostname }: Machine): Promise<Check> {
  const remedy = 'install the plugin docker-compose-v2, then `docker compose up --detach --build`';
  return guarded('docker compose', remedy, async () => {
    const own = (await app.engine.containers({})).find(({ id }) => id.startsWith(hostname));
    const version = own?.labels['com.docker.compose.version'];
    if (version === undefined) return ok('docker compose', 'not what started this program');
    if (!isOlder(version, oldestCompose)) return ok('docker compose', `version ${version}`);
    return failed('docker compose', `version ${version} is too old`, remedy);
  });
}

/** Given a version such as 20.10.24+dfsg1, is it before [20, 10]? What cannot be read is old. */
function isOlder(version: string, [major = 0, minor = 0]: readonly number[]): boolean {
  const [, ours = '-1', next = '0'] = version.match(/^v?(\d+)\.(\d+)/) ?? [];
  return Number(ours) < major || (Number(ours) === major && Number(next) < minor);
}

/** Is the image there, and does it speak our contract? */
export function checkImage(app: App, spec: RunSpec, verbs: string[]): Promise<Check> {
  const name = `image ${spec.image}`;
  return guarded(name, 'build the images: `docker compose build`', async () => {
    if ((await app.engine.imageId(spec.image)) === undefined) {
      return failed(name, 'there is no such image', 'build the images: `docker compose build`');
    }
    const version = await handshake(app, spec, verbs);
    return ok(name, `version ${version.image}, contract ${version.supported.join(', ')}`);
  });
}
