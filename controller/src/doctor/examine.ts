// Every check that `haven doctor` makes, in the order in which one makes the next one possible.
import type { App } from '../app.ts';
import type { Dataset } from '../config/schema.ts';
import { drillVerbsFor } from '../runs/drill-steps.ts';
import { drillSpec, strategySpec } from '../runs/images.ts';
import { sourcesOf } from '../runs/sources.ts';
import { configuredStrategies } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { largestBytes } from '../zfs/sizes.ts';
import { checkAddress } from './address-check.ts';
import { type Check, ok } from './check.ts';
import { checkClock, type OtherClock } from './clock-check.ts';
import { checkCompose, checkDocker, checkImage } from './docker-checks.ts';
import { checkExport, checkKit, checkScratch, checkSecret, checkSecretsFolder } from './file-checks.ts';
import { checkHolds } from './holds-check.ts';
import { checkLeftovers } from './leftovers-check.ts';
import { type Machine, thisMachine } from './machine.ts';
import { checkDockerSpace, checkMemory } from './machine-checks.ts';
import { checkOwnerKey } from './owner-key-check.ts';
import { checkSchedule } from './schedule-check.ts';
import { checkVanished } from './vanished-check.ts';
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
  machine?: Machine;
  /** Ask the store of a strategy; left out where nothing may leave the machine. */
  stores?: Partial<Record<Strategy['name'], (app: App, fix: boolean) => Promise<Check>>>;
  /** Ask a store for the time; left out where nothing may leave the machine. */
  clock?: (app: App, strategies: Strategy[]) => Promise<OtherClock | undefined>;
}

export async function examine(
  app: App,
  { fix, stores = {}, clock = async () => undefined, machine = thisMachine() }: Examining,
): Promise<Check[]> {
  const strategies = configuredStrategies(app.config);
  const checks: Check[] = [ok('config', `${app.home.config} is valid`)];
  const docker = await checkDocker(app);
  checks.push(docker);
  if (docker.state === 'ok') {
    checks.push(await checkCompose(app, machine), ...(await checkImages(app, strategies)));
  }
  checks.push(await checkMemory(app, strategies, machine), await checkDockerSpace(app, strategies, machine));
  checks.push(await checkClock(app, await clock(app, strategies)));
  checks.push(checkDevice(app.config.host.zfsDevice), await checkZfsVersions(app));
  checks.push(...checkSchedule(app));
  for (const strategy of strategies) checks.push(...checkVanished(app, strategy));
  const sources = await checkSources(app, strategies, fix);
  checks.push(...sources.checks);
  checks.push(await checkSecretsFolder(app, strategies, fix));
  for (const strategy of strategies) {
    for (const file of strategy.secretFiles) checks.push(await checkSecret(app, strategy, file, fix));
    const { ownerKey } = strategy.kit;
    if (ownerKey !== undefined) checks.push(...(await checkOwnerKey(app, strategy, ownerKey, fix)));
    checks.push(...checkAddress(app, strategy));
    const store = stores[strategy.name];
    if (store !== undefined) checks.push(await store(app, fix));
  }
  const names = sources.there.map(({ dataset }) => dataset);
  // A dataset whose size cannot be told has failed already; what is asked of the rest then has no answer.
  const largest = await largestBytes(app.zfs, names).catch(() => 0);
  checks.push(await checkScratch(app, largest), await checkKit(app), await checkExport(app));
  checks.push(await checkHolds(app, sources.there, fix));
  if (docker.state === 'ok') checks.push(await checkLeftovers(app));
  return checks;
}

async function checkImages(app: App, strategies: Strategy[]): Promise<Check[]> {
  const version = { verb: 'version', run: `doctor-${app.randomHex(3)}` } as const;
  const checks: Check[] = [];
  for (const strategy of strategies) {
    const spec = strategySpec(app, strategy, { ...version, mounts: [] });
    checks.push(await checkImage(app, spec, ['backup', 'list']));
  }
  checks.push(await checkImage(app, drillSpec(app, { ...version, mounts: [] }), drillVerbsFor(strategies)));
  return checks;
}

/** `there`: the datasets that exist, each once. */
async function checkSources(
  app: App,
  strategies: Strategy[],
  fix: boolean,
): Promise<{ checks: Check[]; there: Dataset[] }> {
  const checks: Check[] = [];
  const there = new Map<string, Dataset>();
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
      if (exists.state === 'ok') there.set(dataset.dataset, dataset);
      // One that mounts its sources needs no right of its own.
      if (exists.state === 'ok' && strategy.reads === 'streams')
        add(await checkDelegation(app, dataset, fix));
    }
  }
  return { checks, there: [...there.values()] };
}
