import type { App } from '../app.ts';
import { strategyNames } from '../contract/request.ts';
import type { RunSpec } from '../docker/container-options.ts';
import { handshake } from '../runs/handshake.ts';
import { drillPools } from '../zfs/versions.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';

export function checkDocker(app: App): Promise<Check> {
  const remedy = `start Docker, and let the controller have its socket (${app.config.host.dockerSocket})`;
  return guarded('docker', remedy, async () => ok('docker', `version ${await app.engine.version()}`));
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

/** Containers and pools that a killed run left behind; the next run of the same kind removes them. */
export function checkLeftovers(app: App): Promise<Check> {
  return guarded('leftovers', '`zpool list` and `docker ps -a` show what there is', async () => {
    const ended = (await app.engine.containers({ home: app.home.root })).filter((found) => !found.running);
    // Without a zpool program the check of the versions has failed already; what is asked here then has no answer.
    const pools = await drillPools(app.zpool).catch(() => []);
    const drilling = strategyNames.some((name) => app.history.unfinished(name, 'drill').length > 0);
    const left = [
      ...ended.map(({ name }) => `container ${name}`),
      ...(drilling ? [] : pools.map((pool) => `pool ${pool}`)),
    ];
    if (left.length === 0) return ok('leftovers', 'none');
    return warn('leftovers', left.join(', '), 'the next backup or drill removes them: `haven drill`');
  });
}
