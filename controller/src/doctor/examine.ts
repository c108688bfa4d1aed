// Every check that `haven doctor` makes, in the order in which one makes the next one possible.
import type { App } from '../app.ts';
import { drillVerbs } from '../runs/drill-steps.ts';
import { drill, secretFilesOfB, strategyB } from '../runs/images.ts';
import { sourcesOfB } from '../runs/sources.ts';
import { type Check, ok } from './check.ts';
import { checkDocker, checkImage, checkLeftovers } from './docker-checks.ts';
import { checkKit, checkScratch, checkSecret } from './file-checks.ts';
import { checkDataset, checkDelegation, checkDevice, checkExcludes, checkZfsVersions } from './zfs-checks.ts';

export interface Examining {
  fix: boolean;
  /** Asks Google; left out where nothing may leave the machine. */
  signIn?: (app: App, fix: boolean) => Promise<Check>;
}

export async function examine(app: App, { fix, signIn }: Examining): Promise<Check[]> {
  const checks: Check[] = [ok('config', `${app.home.config} is valid`)];
  const docker = await checkDocker(app);
  checks.push(docker);
  if (docker.state === 'ok') {
    const version = { verb: 'version', run: `doctor-${app.randomHex(3)}`, mounts: [] } as const;
    const spec = strategyB(app, { ...version, mounts: [] });
    checks.push(await checkImage(app, spec, ['backup', 'list']));
    checks.push(await checkImage(app, drill(app, { ...version, mounts: [] }), [...drillVerbs]));
  }
  checks.push(checkDevice(app.config.host.zfsDevice), await checkZfsVersions(app));
  const sources = await sourcesOfB(app);
  checks.push(...checkExcludes(sources.idle));
  for (const dataset of sources.found) {
    const exists = await checkDataset(app, dataset);
    checks.push(exists);
    if (exists.state === 'ok') checks.push(await checkDelegation(app, dataset, fix));
  }
  for (const file of secretFilesOfB) checks.push(await checkSecret(app.home.secretsOfB, file, fix));
  if (signIn !== undefined) checks.push(await signIn(app, fix));
  checks.push(await checkScratch(app), await checkKit(app));
  if (docker.state === 'ok') checks.push(await checkLeftovers(app));
  return checks;
}
