// Which strategies the owner uses.
import type { Config } from '../config/schema.ts';
import { type StrategyName, strategyNames } from '../contract/request.ts';
import { HavenError } from '../errors.ts';
import { strategyA } from './a.ts';
import { strategyB } from './b.ts';
import type { Strategy } from './strategy.ts';

const all: Record<StrategyName, Strategy> = { a: strategyA, b: strategyB };

export function strategyNamed(name: StrategyName): Strategy {
  return all[name];
}

/** Given a configuration, return its strategies, in order of their names; there is at least one. */
export function configuredStrategies(config: Config): Strategy[] {
  return strategyNames.filter((name) => config.strategies[name] !== undefined).map(strategyNamed);
}

/** Given a strategy, return its section of the configuration; throws bad-request when it has none. */
export function sectionOf(
  config: Config,
  { name }: Strategy,
): NonNullable<Config['strategies'][StrategyName]> {
  const section = config.strategies[name];
  if (section !== undefined) return section;
  const message = `strategy ${name} is not configured`;
  const hint = `write strategies.${name} in haven.yaml; haven.example.yaml shows how`;
  throw new HavenError({ code: 'bad-request', operation: 'read the configuration', message, hint });
}
