// What haven-on-host tells the wizard of the host: a container's own time zone is UTC.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/haven-on-host', import.meta.url));

/** Given words, return those that haven-on-host would call Docker with, where a controller runs. */
function called(context: TestContext, ...words: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'haven-on-host-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const docker = '#!/bin/sh\nif [ "$1" = ps ]; then echo 0f3a; else printf "%s\\n" "$@"; fi\n';
  writeFileSync(join(folder, 'docker'), docker, { mode: 0o755 });
  const env = { PATH: `${folder}:${process.env.PATH}`, TZ: 'Asia/Kolkata' };
  return spawnSync(program, words, { env, encoding: 'utf8' }).stdout.trimEnd().split('\n');
}

test('the wizard is told the host’s time zone, which it proposes; nothing else is', (context) => {
  assert.deepEqual(called(context, 'init'), [
    ...['exec', '--interactive', '--env', 'TZ=Asia/Kolkata', '0f3a', 'haven', 'init'],
  ]);
  assert.deepEqual(called(context, 'status'), ['exec', '--interactive', '0f3a', 'haven', 'status']);
});
