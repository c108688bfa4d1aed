import { Argument, type Command } from 'commander';
import type { App } from '../app.ts';
import { type StrategyName, strategyNames } from '../contract/request.ts';
import { HavenError } from '../errors.ts';
import { configuredStrategies, sectionOf, strategyNamed } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';

export function strategyArgument(
  words = 'which strategy; needs not be said where there is only one',
): Argument {
  return new Argument('[strategy]', words).choices(strategyNames);
}

/** Given a command that has the argument, return the strategies that it means: the one named, or all. */
export function strategiesMeant(app: App, command: Command): Strategy[] {
  const name = command.processedArgs[0] as StrategyName | undefined;
  if (name === undefined) return configuredStrategies(app.config);
  const strategy = strategyNamed(name);
  sectionOf(app.config, strategy);
  return [strategy];
}

/** The same where only one can be meant; throws bad-request when it was not said which. */
export function strategyMeant(app: App, command: Command): Strategy {
  const [strategy, ...others] = strategiesMeant(app, command);
  if (strategy !== undefined && others.length === 0) return strategy;
  const message = 'there are two strategies: say which one is meant';
  const hint = `haven ${command.name()} a, or haven ${command.name()} b`;
  throw new HavenError({ code: 'bad-request', operation: 'read the command line', message, hint });
}
