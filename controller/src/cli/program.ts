// The command line: which verbs there are, and what every one of them has in common. Ends nothing: exit is a value.
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { type ErrorReport, exitCodes, reportOf } from '../errors.ts';
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
  const program = await buildProgram(
    argv,
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
    if (json) stdout(`${JSON.stringify(await errorData(report), null, 2)}\n`);
    else if (!(thrown instanceof CommanderError)) stderr(errorText(report));
    return exitCodes[report.code];
  }
}

type Adder = (program: Command, context: Context) => void;

/** In the order of the help. Each is loaded when it is asked for: together they need three times as long as `haven status` does by itself. */
const verbs: Record<string, () => Promise<Adder>> = {
  init: async () => (await import('./commands/init.ts')).initCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  backup: async () => (await import('./commands/backup.ts')).backupCommand,
  drill: async () => (await import('./commands/drill.ts')).drillCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
  list: async () => (await import('./commands/list.ts')).listCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
  prune: async () => (await import('./commands/prune.ts')).pruneCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  history: async () => (await import('./commands/history.ts')).historyCommand,
  logs: async () => (await import('./commands/logs.ts')).logsCommand,
  kit: async () => (await import('./commands/kit.ts')).kitCommand,
  auth: async () => (await import('./commands/auth.ts')).authCommand,
  'drive-selftest': async () => (await import('./commands/drive-selftest.ts')).driveSelftestCommand,
  notify: async () => (await import('./commands/notify.ts')).notifyCommand,
  config: async () => (await import('./commands/config.ts')).configCommand,
  pause: async () => (await import('./commands/pause.ts')).pauseCommand,
  resume: async () => (await import('./commands/pause.ts')).resumeCommand,
  cancel: async () => (await import('./commands/cancel.ts')).cancelCommand,
  tick: async () => (await import('./commands/tick.ts')).tickCommand,
  completion: async () => (await import('./commands/completion.ts')).completionCommand,
  up: async () => (await import('./commands/up.ts')).upCommand,
};

/** Given a command line, return what its verb needs; all of them when it is not sure which that is. */
async function addersFor(argv: string[]): Promise<Adder[]> {
  const named = [...new Set(argv.filter((word) => Object.hasOwn(verbs, word)))];
  return await Promise.all((named.length > 0 ? named : Object.keys(verbs)).map((verb) => verbs[verb]!()));
}

/** Given a command line, return the program with the verbs that it names; with none named, all of them. */
export async function buildProgram(
  argv: string[],
  context: Context,
  stdout: (text: string) => void,
  stderr: (text: string) => void,
): Promise<Command> {
  const program = new Command('haven')
    .description('Backs up a ZFS server off-site, and proves by drills that the backups can be restored.')
    .version(packageJson.version)
    .option('--home <folder>', 'where Haven keeps everything (default: $HAVEN_HOME, or /var/lib/haven)')
    .option('--config <file>', 'the configuration (default: haven.yaml in the home)')
    .option('--json', 'one JSON object on stdout, logs on stderr')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: stdout, writeErr: stderr })
    .showHelpAfterError('(`haven --help` shows what there is)')
    .exitOverride();
  for (const add of await addersFor(argv)) add(program, context);
  return program;
}

function usageError(error: CommanderError): ErrorReport {
  const message =
    error.code === 'commander.help' ? 'no command was given' : error.message.replace(/^error: /, '');
  return { code: 'bad-request', operation: 'read the command line', message, hint: '`haven --help`' };
}

async function errorData(report: ErrorReport): Promise<Record<string, unknown>> {
  const isConfig = report.operation === 'read the configuration' && report.subject !== undefined;
  if (!isConfig) return { error: report, exit: exitCodes[report.code] };
  const { problemsOfFile } = await import('./commands/config.ts');
  const problems = { problems: problemsOfFile(report.subject!) };
  return { error: report, exit: exitCodes[report.code], ...problems };
}

function errorText({ message, hint }: ErrorReport): string {
  return `haven: ${message}\n${hint === undefined ? '' : `  what to do: ${hint}\n`}`;
}

/** The program with every verb, to be looked at and not to be run. */
export function everyCommand(context: Context): Promise<Command> {
  return buildProgram(
    [],
    context,
    () => {},
    () => {},
  );
}
