import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { type App, buildApp } from '../../app.ts';
import type { Terminal } from '../../auth/ask.ts';
import { loadConfig } from '../../config/load.ts';
import { configError, parseConfig } from '../../config/parse.ts';
import { entriesOf } from '../../config/schema.ts';
import { askClock } from '../../doctor/clock-check.ts';
import { examine } from '../../doctor/examine.ts';
import { checkStore } from '../../doctor/store-check.ts';
import { checkDelegation } from '../../doctor/zfs-checks.ts';
import { HavenError } from '../../errors.ts';
import { takeLock } from '../../history/lock.ts';
import { type Home, makeHome } from '../../home.ts';
import { answersAsk } from '../../init/answers.ts';
import { type Choices, draftConfig } from '../../init/draft-config.ts';
import { type Finished, finish, type Ways } from '../../init/finish.ts';
import { gather } from '../../init/gather.ts';
import { lineDiff } from '../../init/line-diff.ts';
import { type Present, readPresent } from '../../init/present.ts';
import { type Ask, confirm, keys } from '../../init/question.ts';
import { terminalAsk } from '../../init/terminal-ask.ts';
import { planFiles, type Writing, writeFiles } from '../../init/write-files.ts';
import { lookAtExport } from '../../kit/exported.ts';
import { writeKit } from '../../kit/write-kit.ts';
import { configuredStrategies, strategyNamed } from '../../strategies/configured.ts';
import { zfsCommand } from '../../zfs/command.ts';
import { delegated } from '../../zfs/delegation.ts';
import { type Answer, type Context, homeOf } from '../context.ts';
import { signInToGoogle } from './auth.ts';
import { backUpAll } from './backup.ts';
import { drillThese } from './drill.ts';

export function initCommand(program: Command, context: Context): void {
  program
    .command('init')
    .description(
      'set up by questions: what to back up, where to, when; ends in a first backup and the drill that proves it',
    )
    .option(
      '--answers <file>',
      'take the answers from a file (YAML or JSON) instead of a terminal; - is stdin',
    )
    .addHelpText('after', help)
    .action(async function init(this: Command) {
      const { answers } = this.opts<{ answers?: string }>();
      const home = homeOf(context, this);
      const ask = await askBy(context, answers);
      makeHome(home);
      const lock = takeLock(home.locks, 'init', whenLocked);
      try {
        context.answer(await wizard(context, home, { ask, attended: answers === undefined }));
      } finally {
        lock.release();
      }
    });
}

/** `docker exec` leaves its program behind when a terminal is closed or a connection breaks. */
const whenLocked =
  'if its terminal is gone, it gives up an hour after its question; `docker compose restart controller` ends it now, and a backup or drill under way with it';

async function askBy(context: Context, answers: string | undefined): Promise<Ask> {
  const input = context.input ?? process.stdin;
  if (answers === '-') return answersAsk(await readAll(input as NodeJS.ReadStream), 'stdin');
  if (answers !== undefined) return answersAsk(contentOf(answers), answers);
  const terminal: Terminal = { input, write: context.err };
  if (input.isTTY === true) return terminalAsk(terminal, context.surroundings.signal);
  throw new HavenError({
    code: 'bad-request',
    operation: 'ask',
    message: 'there is no terminal to ask at',
    hint: 'run it in one (`docker exec --interactive --tty …`), or give the answers in a file: haven init --answers FILE',
  });
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const message = `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`;
    const hint =
      "in the controller's container only files in Haven's home can be seen; `--answers -` reads stdin";
    throw new HavenError({ code: 'bad-request', operation: 'read the answers', message, hint }, { cause });
  }
}

async function wizard(
  context: Context,
  home: Home,
  { ask, attended }: { ask: Ask; attended: boolean },
): Promise<Answer> {
  const tell = (text: string): void => context.err(`${text}\n`);
  const present = readPresent(home);
  tell(
    present.text === undefined
      ? 'Nothing is written before you have seen it, and Ctrl-C leaves everything as it is.'
      : `${home.config} is there: what it says is proposed in brackets, and Enter keeps it.`,
  );
  const zfs = zfsCommand(present.config?.host.zfs ?? 'zfs');
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const choices = await gather({ ask, tell, zfs, timezone }, present);
  const files = planned(home, choices, present);
  const written = await write({ ask, tell }, home, files, present);
  if (!written) return { data: { written: [], next: ['haven init'] }, text: 'Nothing was written.', exit: 0 };
  const app = buildApp({ ...context.surroundings, home }, loadConfig(home.config));
  try {
    const finished = await finish(ask, tell, waysOf(app, context, attended));
    if (present.text !== undefined && files.some(({ path }) => path === home.config))
      finished.next.push('docker compose restart controller');
    const data = { written: files.map(({ path }) => path), ...finished };
    return { data, text: lastWords(finished), exit: finished.exit };
  } finally {
    app.history.close();
  }
}

function planned(home: Home, choices: Choices, present: Present): Writing[] {
  const draft = draftConfig(choices, present.text, present.config);
  const parsed = parseConfig(draft);
  if (!parsed.ok) throw configError(home.config, parsed.problems);
  return planFiles(home, choices, present, draft, randomBytes);
}

/** Shows what would be written, and writes it when that is wanted; says whether all is in its place now. */
async function write(
  { ask, tell }: { ask: Ask; tell: (text: string) => void },
  home: Home,
  files: Writing[],
  present: Present,
): Promise<boolean> {
  if (files.length === 0) {
    tell('\nEverything is written already, and nothing changes.');
    return true;
  }
  tell('\n4. Write');
  const config = files.find(({ path }) => path === home.config);
  if (config !== undefined && present.text === undefined) tell(`${home.config}:\n\n${indented(config.text)}`);
  else if (config !== undefined)
    tell(
      `${home.config} changes (- goes, + comes):\n\n${indented(lineDiff(present.text ?? '', config.text))}`,
    );
  const secrets = files.filter((file) => file !== config);
  for (const { path } of secrets) {
    const what = path.endsWith('/passphrase') ? ': a new random passphrase' : '';
    tell(`${path}${what}${existsSync(path) ? ' (replaces what is there)' : ''}`);
  }
  // What is new may be written by a mere Enter; what would be lost needs a word.
  const harmless = files.some(({ path }) => existsSync(path)) ? undefined : true;
  if (!(await ask(confirm('write', 'Write this?', harmless)))) return false;
  writeFiles(home, files);
  tell(
    'Written. The passphrases lie there for root alone, and nobody can restore without them: the recovery kit takes them along.',
  );
  return true;
}

function indented(text: string): string {
  return text.replace(/^/gm, '    ').trimEnd();
}

function waysOf(app: App, context: Context, attended: boolean): Ways {
  const strategies = configuredStrategies(app.config);
  const options = { kind: 'auto', trigger: 'hand' } as const;
  const granted = readPresent(app.home).google.refresh_token !== undefined;
  const signsIn = app.config.strategies.b !== undefined && !granted;
  return {
    attended,
    strategies: strategies.map(({ name }) => name),
    missingRights: () => missingRights(app),
    signIn: signsIn
      ? async () => `works, as ${(await signInToGoogle(app, context, { port: 0 })).account ?? 'somebody'}`
      : undefined,
    testStore: (name) => checkStore(app, strategyNamed(name)),
    examine: () => examine(app, { fix: false, clock: askClock }),
    kit: () => kitOf(app),
    backup: () => backUpAll(app, strategies, options),
    drill: () => drillThese(app, strategies, { trigger: 'hand' }),
  };
}

async function kitOf(app: App): ReturnType<Ways['kit']> {
  const folder = await writeKit(app);
  const exported = (await lookAtExport(app)).state === 'current';
  const text = `The recovery kit is in ${folder}; nobody can restore without a copy that is elsewhere.`;
  return { text, next: exported ? [] : ['haven kit export /media/usb-stick/kit'] };
}

async function missingRights(app: App): ReturnType<Ways['missingRights']> {
  const missing: Awaited<ReturnType<Ways['missingRights']>> = [];
  for (const strategy of configuredStrategies(app.config).filter(({ reads }) => reads === 'streams')) {
    for (const entry of entriesOf(app.config, strategy.name)) {
      if ((await checkDelegation(app, entry, false)).state === 'ok') continue;
      const command = `zfs allow -u ${strategy.uid} ${delegated.join(',')} '${entry.dataset}'`;
      missing.push({ command, allow: () => checkDelegation(app, entry, true) });
    }
  }
  return missing;
}

function lastWords({ next, drill, exit }: Finished): string {
  const proven = exit === 0 && drill !== undefined ? 'Proven: what was backed up can be restored.' : '';
  const todo = next.length === 0 ? '' : `Still to do:\n${next.map((line) => `  ${line}`).join('\n')}`;
  return [proven, todo].filter(Boolean).join('\n') || 'Done.';
}

const help = `
May be run again: it proposes what is there, shows what would change, and overwrites nothing without being told to.
A passphrase that is there is never replaced.

A file of answers has a line for each question, \`key: answer\`; what is left out is as it is, or as proposed:
${Object.entries(keys)
  .map(([key, words]) => `  ${key.padEnd(18)} ${words}`)
  .join('\n')}

Examples:
  haven init
  haven init --answers answers.yaml --json

EXIT STATUS
  0    done; what is still to do is listed
  1    a check failed; what is written stays written
  3    an answer or the present configuration is wrong, or there is nobody to ask
  12   another \`haven init\` is under way
  143  interrupted
  else that of the first backup or drill`;
