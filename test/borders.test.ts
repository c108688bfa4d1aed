// The import borders of docs/design.md (law 2) are only worth something if lint refuses to cross them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const crossings = [
  ['controller/src/probe.ts', '../../images/strategy-b/src/settings.ts'],
  ['controller/src/probe.ts', '@googleapis/drive'],
  ['images/strategy-b/src/probe.ts', '../../../controller/src/app.ts'],
  ['images/strategy-b/src/probe.ts', '../../drill/src/verify.ts'],
  ['images/strategy-b/src/probe.ts', 'dockerode'],
  ['images/drill/src/probe.ts', '../../strategy-b/src/settings.ts'],
  ['images/strategy-a/src/probe.ts', '../../strategy-b/src/settings.ts'],
  ['test/servers/drive/src/probe.ts', '../../../../images/strategy-b/src/settings.ts'],
] as const;

/** Given a file's path and what it imports, return what lint says of it, in a copy of the tree that holds nothing else. */
function lint(file: string, specifier: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'haven-borders-'));
  try {
    copyFileSync(join(root, 'biome.json'), join(copy, 'biome.json'));
    mkdirSync(join(copy, dirname(file)), { recursive: true });
    writeFileSync(join(copy, file), `import { probe } from '${specifier}';\n\nexport const value = probe;\n`);
    const run = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', '--vcs-enabled=false', '.'], {
      cwd: copy,
      encoding: 'utf8',
    });
    return run.stdout + run.stderr;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

for (const [file, specifier] of crossings) {
  test(`lint refuses ${specifier} in ${file}`, () => {
    assert.match(lint(file, specifier), /noRestrictedImports/);
  });
}

test('lint allows an import inside a border', () => {
  assert.doesNotMatch(lint('controller/src/probe.ts', './config/schema.ts'), /noRestrictedImports/);
});
