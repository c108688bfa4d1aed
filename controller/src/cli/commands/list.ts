import type { Command } from 'commander';
import { listBackups } from '../../runs/look.ts';
import { type Context, withApp } from '../context.ts';
import { runExits } from '../run-answer.ts';
import { strategyArgument } from '../strategy-argument.ts';
import { ago, bytes, columns } from '../words.ts';

export function listCommand(program: Command, context: Context): void {
  program
    .command('list')
    .description(
      "ask the store which backups there are, newest first; what has no manifest is 'incomplete' and counts for nothing",
    )
    .addArgument(strategyArgument().default('b').argOptional())
    .addHelpText('after', help)
    .action(
      withApp(context, async (app) => {
        const { backups, incomplete } = await listBackups(app);
        const rows = backups.map((backup) => [
          backup.id,
          backup.source,
          backup.kind,
          ago(new Date(backup.createdAt), app.now()),
          bytes(backup.streamBytes),
          bytes(backup.storedBytes),
        ]);
        const table = columns([['BACKUP', 'DATASET', 'KIND', 'MADE', 'STREAM', 'STORED'], ...rows]);
        const halves = incomplete.map(({ id, parts, storedBytes }) => {
          return `incomplete, not counted: ${id} (${parts} parts, ${bytes(storedBytes)})`;
        });
        const text = [backups.length === 0 ? 'No backups.' : table, ...halves].join('\n');
        return { data: { backups, incomplete }, text, exit: 0 };
      }),
    );
}

const help = `
Examples:
  haven list b
  haven list --json

${runExits}`;
