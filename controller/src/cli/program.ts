// The command line: which verbs there are, and what every one of them has in common. Ends nothing: exit is a value.
import { Command, CommanderError } from 'commander';
import { type ErrorReport, exitCodes, reportOf } from '../errors.ts';
import { auditCommand } from './commands/audit.ts';
import { authCommand } from './commands/auth.ts';
import { backupCommand } from './commands/backup.ts';
import { configCommand, problemsOfFile } from './commands/config.ts';
import { doctorCommand } from './commands/doctor.ts';
import { drillCommand } from './commands/drill.ts';
import { driveSelftestCommand } from './commands/drive-selftest.ts';
import { historyCommand } from './commands/history.ts';
import { kitCommand } from './commands/kit.ts';
import { listCommand } from './commands/list.ts';
import { logsCommand } from './commands/logs.ts';
import { notifyCommand } from './commands/notify.ts';
import { pruneCommand } from './commands/prune.ts';
import { statusCommand } from './commands/status.ts';
import { upCommand } from './commands/up.ts';
import type { Answer, Context } from './context.ts';

export interface CommandLine {
  argv: string[];
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  context: Omit<Context, 'answer' | 'out' | 'err'>;
}

/** Given a command line, do what it says and return the exit status. With --json, stdout is one JSON object, errors included. */
export async function runCommandLine({ argv, stdout, stderr, context }: CommandLine): Promise<number> {
  const json = argv.includes('--json');
  let exit = 0;
  const answer = (given: Answer): void => {
    exit = given.exit;
    const error = given.data.error as ErrorReport | null | undefined;
    if (json) stdout(`${JSON.stringify(given.data, null, 2)}\n`);
    else if (given.text !== '') stdout(`${given.text}\n`);
    if (!json && error != null) stderr(errorText(error));
  };
  const program = buildProgram(
    { ...context, out: stdout, err: stderr, answer },
    stdout,
    json ? () => {} : stderr,
  );
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (thrown) {
    // Help and version are thrown too, with status 0.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const report =
      thrown instanceof CommanderError ? usageError(thrown) : reportOf(thrown, argv[0] ?? 'haven');
    if (json) stdout(`${JSON.stringify(errorData(report), null, 2)}\n`);
    else if (!(thrown instanceof CommanderError)) stderr(errorText(report));
    return exitCodes[report.code];
  }
}

function buildProgram(
  context: Context,
  stdout: (text: string) => void,
  stderr: (text: string) => void,
): Command {
  const program = new Command('haven')
    .description('Backs up a ZFS server off-site, and proves by drills that the backups can be restored.')
    .option('--home <folder>', 'where Haven keeps everything (default: $HAVEN_HOME, or /var/lib/haven)')
    .option('--config <file>', 'the configuration (default: haven.yaml in the home)')
    .option('--json', 'one JSON object on stdout, logs on stderr')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: stdout, writeErr: stderr })
    .showHelpAfterError('(`haven --help` shows what there is)')
    .exitOverride();
  const commands = [
    doctorCommand,
    backupCommand,
    drillCommand,
    listCommand,
    auditCommand,
    pruneCommand,
    statusCommand,
    historyCommand,
    logsCommand,
    kitCommand,
    authCommand,
    driveSelftestCommand,
    notifyCommand,
  ];
  for (const add of [...commands, configCommand, upCommand]) add(program, context);
  return program;
}

function usageError(error: CommanderError): ErrorReport {
  const message =
    error.code === 'commander.help' ? 'no command was given' : error.message.replace(/^error: /, '');
  return { code: 'bad-request', operation: 'read the command line', message, hint: '`haven --help`' };
}

function errorData(report: ErrorReport): Record<string, unknown> {
  const isConfig = report.operation === 'read the configuration' && report.subject !== undefined;
  const problems = isConfig ? { problems: problemsOfFile(report.subject!) } : {};
  return { error: report, exit: exitCodes[report.code], ...problems };
}

function errorText({ message, hint }: ErrorReport): string {
  return `haven: ${message}\n${hint === undefined ? '' : `  what to do: ${hint}\n`}`;
}
