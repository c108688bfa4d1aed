// `haven auth google` as a person and as a program meet it: on a terminal (`script` makes one), without one, and killed.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { google } from '../strategy-b/drive.ts';
import { createTrial, type Trial } from './harness.ts';

const main = join(import.meta.dirname, '../../controller/src/main.ts');
let trial: Trial;
let clientFile: string;
beforeEach(async () => {
  trial = await createTrial();
  const api = { rootUrl: `${trial.drive.url}/`, tokenUrl: `${trial.drive.url}/token` };
  const config = { datasets: { home: { dataset: 'tank/home' } }, strategies: { b: { settings: { api } } } };
  writeFileSync(join(trial.folder, 'haven.yaml'), JSON.stringify(config));
  clientFile = join(trial.folder, 'client_secret_1.json');
  const { client_id, client_secret } = google;
  writeFileSync(clientFile, JSON.stringify({ installed: { client_id, client_secret } }));
});
afterEach(() => trial.dispose());

interface Started {
  child: ChildProcess;
  said: { out: string; err: string };
  ended: Promise<number | null>;
  /** Resolves with the match once it was said. */
  until(pattern: RegExp): Promise<RegExpMatchArray>;
}

function start(command: string, ...args: string[]): Started {
  const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, HAVEN_HOME: trial.folder } });
  const said = { out: '', err: '' };
  child.stdout!.on('data', (chunk) => (said.out += chunk));
  child.stderr!.on('data', (chunk) => (said.err += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    ...{ child, said, ended },
    until: async (pattern) => {
      for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
        const match = `${said.out}\n${said.err}`.match(pattern);
        if (match) return match;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`never said ${pattern}: ${said.out}${said.err}`);
    },
  };
}

const haven = (...args: string[]) => start(process.execPath, main, 'auth', 'google', ...args);
const onTerminal = (...args: string[]) =>
  start('script', '-qec', `'${process.execPath}' '${main}' auth google ${args.join(' ')}`, '/dev/null');
const secretFile = () => join(trial.folder, 'secrets', 'b', 'google-oauth.json');

async function approve(userCode: string): Promise<void> {
  await trial.drive.admin('POST device', { userCode, decision: 'approved' });
}

test('without a terminal: code and address in plain lines, no drawing, exit 0', async () => {
  const run = haven('--client', clientFile);
  const [, code] = await run.until(/\n\s+([A-Z]{4}-[A-Z]{4})\n/);
  await approve(code!);

  assert.equal(await run.ended, 0, run.said.err);
  assert.match(run.said.out, /Signed in as .*@.*GiB free/);
  assert.doesNotMatch(run.said.err, /█/);
  assert.equal(statSync(secretFile()).mode & 0o777, 0o400);
  assert.doesNotMatch(run.said.out + run.said.err, /secret-1|1\/\/|ya29/);
});

test('--json: events as lines on stderr, one answer on stdout', async () => {
  const run = haven('--client', clientFile, '--json');
  await run.until(/"event":"code"/);
  const event = JSON.parse(run.said.err.split('\n')[0]!);
  await approve(event.userCode);

  assert.equal(await run.ended, 0, run.said.err);
  assert.match(event.url, /^https:/);
  assert.match(JSON.parse(run.said.out).account, /@/);
});

test('on a terminal it asks for the client, hides the secret, and draws a QR code', async () => {
  const run = onTerminal();
  await run.until(/Client ID: /);
  run.child.stdin!.write(`${google.client_id}\r`);
  await run.until(/Client secret/);
  run.child.stdin!.write(`${google.client_secret}\r`);
  const [, code] = await run.until(/\n\s+([A-Z]{4}-[A-Z]{4})\r?\n/);
  await run.until(/█/);
  await approve(code!);

  assert.equal(await run.ended, 0, run.said.out);
  assert.doesNotMatch(run.said.out, /secret-1/);
});

test('without a terminal and without a client: exit 3 with the remedy', async () => {
  const run = haven();
  run.child.stdin!.end();

  assert.equal(await run.ended, 3);
  assert.match(run.said.err, /--client FILE/);
});

test('killed in the middle, nothing is half-written; the next run is not in its way', async () => {
  mkdirSync(join(trial.folder, 'secrets', 'b'), { recursive: true });
  const before = JSON.stringify({ ...google, refresh_token: 'before' });
  writeFileSync(secretFile(), before, { mode: 0o400 });
  const killed = haven();
  await killed.until(/[A-Z]{4}-[A-Z]{4}/);
  killed.child.kill('SIGKILL');
  await killed.ended;

  const interrupted = haven();
  await interrupted.until(/[A-Z]{4}-[A-Z]{4}/);
  const second = haven();
  const busy = await second.ended;
  interrupted.child.kill('SIGINT');

  assert.equal(await interrupted.ended, 143, interrupted.said.err);
  assert.equal(busy, 12, second.said.err);
  assert.equal(readFileSync(secretFile(), 'utf8'), before);
  assert.ok(!existsSync(`${secretFile()}.bak`));
});

test('--loopback: the address that the browser ended at is pasted into stdin', async () => {
  const run = haven('--client', clientFile, '--loopback');
  const [url] = await run.until(/http\S+code_challenge\S+/);
  const back = (await fetch(url!, { redirect: 'manual' })).headers.get('location')!;
  run.child.stdin!.write(`${back}\n`);

  assert.equal(await run.ended, 0, run.said.err);
  assert.match(run.said.err, /ssh -L (\d+):127\.0\.0\.1:\1/);
});

for (const [name, text, says] of [
  ['no JSON', 'x', /is not JSON/],
  ['a web client', '{"web":{"client_id":"a","client_secret":"canary"}}', /Web application/],
  ['no secret', '{"installed":{"client_id":"canary"}}', /no client_id and client_secret/],
] as const) {
  test(`a client file with ${name}: exit 3, and its content is not repeated`, async () => {
    writeFileSync(clientFile, text);
    const run = haven('--client', clientFile);

    assert.equal(await run.ended, 3);
    assert.match(run.said.err, says);
    assert.doesNotMatch(run.said.err, /canary/);
  });
}

test('doctor tries the sign-in, and explains one that died', async () => {
  mkdirSync(join(trial.folder, 'secrets', 'b'), { recursive: true });
  const signed_in_at = new Date(Date.now() - 7 * 86_400_000).toISOString();
  writeFileSync(secretFile(), JSON.stringify({ ...google, signed_in_at }), { mode: 0o400 });
  writeFileSync(`${secretFile()}.bak`, '{}');
  const doctor = async (...args: string[]) => {
    const run = start(process.execPath, main, 'doctor', '--json', ...args);
    await run.ended;
    const { checks } = JSON.parse(run.said.out) as {
      checks: { name: string; state: string; remedy?: string }[];
    };
    return checks.find(({ name }) => name === 'sign-in to Google')!;
  };

  const [kept, fixed] = [await doctor(), await doctor('--fix')];
  await trial.drive.admin('POST revoke');
  const dead = await doctor();
  await trial.drive.kill();
  const away = await doctor();

  assert.deepEqual([kept.state, fixed.state, dead.state, away.state], ['warn', 'ok', 'failed', 'warn']);
  assert.ok(!existsSync(`${secretFile()}.bak`));
  assert.match(dead.remedy!, /made 7 days ago.*1\. the consent screen is in "Testing"/);
});
