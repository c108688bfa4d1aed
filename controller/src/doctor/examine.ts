// Every check that `haven doctor` makes, in the order in which one makes the next one possible.
import type { App } from '../app.ts';
import { drillVerbsFor } from '../runs/drill-steps.ts';
import { drillSpec, strategySpec } from '../runs/images.ts';
import { sourcesOf } from '../runs/sources.ts';
import { configuredStrategies } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Check, ok } from './check.ts';
import { checkDocker, checkImage, checkLeftovers } from './docker-checks.ts';
import { checkExport, checkKit, checkScratch, checkSecret } from './file-checks.ts';
import {
  checkDataset,
  checkDelegation,
  checkDevice,
  checkExcludes,
  checkLeftOut,
  checkZfsVersions,
} from './zfs-checks.ts';

export interface Examining {
  fix: boolean;
  /** Ask the store of a strategy; left out where nothing may leave the machine. */
  stores?: Partial<Record<Strategy['name'], (app: App, fix: boolean) => Promise<Check>>>;
}

export async function examine(app: App, { fix, stores = {} }: Examining): Promise<Check[]> {
  const strategies = configuredStrategies(app.config);
  const checks: Check[] = [ok('config', `${app.home.config} is valid`)];
  const docker = await checkDocker(app);
  checks.push(docker);
  if (docker.state === 'ok') {
    const version = { verb: 'version', run: `doctor-${app.randomHex(3)}` } as const;
    for (const strategy of strategies) {
      const spec = strategySpec(app, strategy, { ...version, mounts: [] });
      checks.push(await checkImage(app, spec, ['backup', 'list']));
    }
    checks.push(await checkImage(app, drillSpec(app, { ...version, mounts: [] }), drillVerbsFor(strategies)));
  }
  checks.push(checkDevice(app.config.host.zfsDevice), await checkZfsVersions(app));
  checks.push(...(await checkSources(app, strategies, fix)));
  for (const strategy of strategies) {
    for (const file of strategy.secretFiles) checks.push(await checkSecret(app, strategy, file, fix));
    const store = stores[strategy.name];
    if (store !== undefined) checks.push(await store(app, fix));
  }
  checks.push(await checkScratch(app), await checkKit(app), await checkExport(app));
  if (docker.state === 'ok') checks.push(await checkLeftovers(app));
  return checks;
}

async function checkSources(app: App, strategies: Strategy[], fix: boolean): Promise<Check[]> {
  const checks: Check[] = [];
  // What is said of a dataset is said once, however many strategies back it up.
  const said = new Set<string>();
  const add = (check: Check): void => {
    if (!said.has(`${check.name} ${check.detail}`)) checks.push(check);
    said.add(`${check.name} ${check.detail}`);
  };
  for (const strategy of strategies) {
    const sources = await sourcesOf(app, strategy);
    checkExcludes(sources.idle).forEach(add);
    checkLeftOut(strategy, sources.leftOut).forEach(add);
    for (const dataset of sources.found) {
      const exists = await checkDataset(app, dataset);
      add(exists);
      // One that mounts its sources needs no right of its own.
      if (exists.state === 'ok' && strategy.reads === 'streams')
        add(await checkDelegation(app, dataset, fix));
    }
  }
  return checks;
}
