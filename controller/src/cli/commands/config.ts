import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { configJsonSchema } from '../../config/json-schema.ts';
import { loadConfig } from '../../config/load.ts';
import { maskSecrets } from '../../config/mask.ts';
import { type Problem, parseConfig } from '../../config/parse.ts';
import { type Context, homeOf } from '../context.ts';

export function configCommand(program: Command, context: Context): void {
  const config = program.command('config').description('look at the configuration');
  config
    .command('validate')
    .description('name every problem of haven.yaml at once, each with its path and line')
    .addHelpText('after', validateHelp)
    .action(function validate(this: Command) {
      const { config: path } = homeOf(context, this);
      loadConfig(path);
      context.answer({
        data: { file: path, problems: [] satisfies Problem[] },
        text: `${path} is valid`,
        exit: 0,
      });
    });
  config
    .command('show')
    .description('print the configuration with its defaults; secrets are masked')
    .addHelpText('after', showHelp)
    .action(function show(this: Command) {
      const { config: path } = homeOf(context, this);
      const masked = maskSecrets(loadConfig(path)) as Record<string, unknown>;
      context.answer({ data: { file: path, config: masked }, text: stringify(masked).trimEnd(), exit: 0 });
    });
  config
    .command('schema')
    .description(
      'print the JSON Schema of haven.yaml, for an editor that completes and checks while one writes',
    )
    .addHelpText('after', schemaHelp)
    .action(() => {
      const schema = configJsonSchema();
      context.answer({ data: schema, text: JSON.stringify(schema, null, 2), exit: 0 });
    });
}

/** Given a path, return the problems of the file for --json; a file that cannot be read has none of its own. */
export function problemsOfFile(path: string): Problem[] {
  try {
    const parsed = parseConfig(readFileSync(path, 'utf8'));
    return parsed.ok ? [] : parsed.problems;
  } catch {
    // loadConfig has said already that the file cannot be read.
    return [];
  }
}

const validateHelp = `
Examples:
  haven config validate
  haven --config ./haven.yaml config validate --json

EXIT STATUS
  0  valid
  3  there is no file, or something in it is wrong`;

const schemaHelp = `
Examples:
  haven config schema >haven.schema.json
  with this first line of haven.yaml:  # yaml-language-server: $schema=./haven.schema.json

EXIT STATUS
  0  printed`;

const showHelp = `
Examples:
  haven config show
  haven config show --json

EXIT STATUS
  0  printed
  3  there is no file, or something in it is wrong`;
