import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';

export function completionCommand(program: Command, context: Context): void {
  program
    .command('completion')
    .description('print what makes a shell complete commands and options')
    .addOption(new Option('--shell <shell>', 'which').choices(['bash', 'zsh', 'fish']).default('bash'))
    .option('--for <command>', 'how haven is called here', commandName, 'haven')
    .addHelpText('after', help)
    .action(async function completion(this: Command) {
      const { shell, for: name } = this.opts<{ shell: 'bash' | 'zsh' | 'fish'; for: string }>();
      // Only here, because it knows all commands, and whoever asks for one does not want to load them.
      const { everyCommand } = await import('../program.ts');
      const { completionScript } = await import('../completion.ts');
      const text = completionScript(await everyCommand(context), shell, name);
      context.answer({ data: { script: text }, text, exit: 0 });
    });
}

/** It becomes part of a script that a shell runs at every start. */
function commandName(given: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(given))
    throw new InvalidArgumentError('letters, digits, dots, dashes and underscores');
  return given;
}

const help = `
Examples:
  source <(haven completion)                                     in ~/.bashrc
  source <(haven completion --shell zsh)                         in ~/.zshrc
  haven completion --shell fish >~/.config/fish/completions/haven.fish
  controller/bin/haven-on-host completion --for haven-on-host

EXIT STATUS
  0  printed
  3  a shell or a command's name that cannot be`;
