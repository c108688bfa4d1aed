import type { App } from '../app.ts';
import { contractVersion, type Version } from '../contract/events.ts';
import type { RunSpec } from '../docker/container-options.ts';
import { runImage } from '../docker/run-image.ts';
import { HavenError } from '../errors.ts';

/** Given the spec of an image's `version`, return its answer; throws when it does not speak our contract or lacks a verb. */
export async function handshake(app: App, spec: RunSpec, verbs: string[]): Promise<Version> {
  const run = await runImage(app.engine, spec, {
    signal: app.signal,
    // A busy Atom with USB disks takes long to start a container that it has not started for days.
    maxSeconds: 180,
    graceSeconds: 2,
    folder: null,
  });
  const operation = `ask ${spec.image} for its version`;
  const hint = 'build the images again: `docker compose build`';
  const version = run.result?.version;
  if (run.outcome === 'interrupted') {
    throw new HavenError({ code: 'interrupted', operation, message: run.error?.message ?? 'stopped' });
  }
  if (version === undefined) {
    throw new HavenError({ code: 'failed', operation, message: run.error?.message ?? 'no answer', hint });
  }
  if (!version.supported.includes(contractVersion)) {
    const message = `${spec.image} speaks contract ${version.supported.join(', ')}; this controller speaks ${contractVersion}`;
    throw new HavenError({ code: 'bad-request', operation, message, hint });
  }
  const missing = verbs.filter((verb) => !version.verbs.includes(verb));
  if (missing.length > 0) {
    const message = `${spec.image} has no verb ${missing.join(', ')}`;
    throw new HavenError({ code: 'bad-request', operation, message, hint });
  }
  return version;
}
