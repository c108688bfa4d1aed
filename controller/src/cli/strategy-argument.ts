import { Argument } from 'commander';

export function strategyArgument(): Argument {
  return new Argument('<strategy>', 'which strategy').choices(['b']);
}
