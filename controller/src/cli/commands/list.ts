import type { Command } from 'commander';
import type { App } from '../../app.ts';
import { type Listing, listBackups } from '../../runs/look.ts';
import { type Context, withApp } from '../context.ts';
import { runExits } from '../run-answer.ts';
import { strategyArgument, strategyMeant } from '../strategy-argument.ts';
import { ago, bytes, columns } from '../words.ts';

export function listCommand(program: Command, context: Context): void {
  program
    .command('list')
    .description(
      "ask the store which backups there are, newest first; what has no manifest is 'incomplete' and counts for nothing",
    )
    .addArgument(strategyArgument())
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const listing = await listBackups(app, strategyMeant(app, command));
        return { data: { ...listing }, text: listText(app, listing), exit: 0 };
      }),
    );
}

export function listText(app: App, { backups, incomplete, incompleteCount }: Listing): string {
  const rows = backups.map((backup) => [
    backup.id,
    backup.source,
    backup.kind,
    backup.chain.slice(0, 8),
    backup.base?.slice(0, 8) ?? '-',
    ago(new Date(backup.createdAt), app.now()),
    bytes(backup.streamBytes),
    bytes(backup.storedBytes),
  ]);
  const head = ['BACKUP', 'DATASET', 'KIND', 'CHAIN', 'ON', 'MADE', 'DATA', 'STORED'];
  const halves = incomplete.map(({ id, parts, storedBytes }) => {
    return `incomplete, not counted: ${id} (${parts} parts, ${bytes(storedBytes)})`;
  });
  const hidden = incompleteCount - incomplete.length;
  if (hidden > 0) halves.push(`and ${hidden} more that are incomplete`);
  return [backups.length === 0 ? 'No backups.' : columns([head, ...rows]), ...halves].join('\n');
}

const help = `
Examples:
  haven list b
  haven list --json

A chain is a full backup and the incrementals on it; ON is the backup that an incremental builds upon.

${runExits}`;
