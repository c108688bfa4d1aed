// The scripts do in a real shell what they are for.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { said } from '../../testing/command-line.ts';

/** What bash offers for the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const { stdout: script } = await said(['completion']);
  const quoted = ['haven', ...words].map((word) => `'${word}'`).join(' ');
  const asked = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _haven; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-euc', `${script}\n${asked}`], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter(Boolean);
}

for (const [words, expected] of [
  [['dr'], ['drill', 'drive-selftest']],
  [
    ['config', ''],
    ['validate', 'show', 'schema'],
  ],
  [['config', 'sh'], ['show']],
  [['--home', '/x', 'hist'], ['history']],
  [['history', '--kind', 'drill', '--li'], ['--limit']],
  [['backup', 'b', '--fu'], ['--full']],
  [['notify', 'test', '--js'], ['--json']],
  [['nothing-like-this', 'config-'], []],
] as [string[], string[]][]) {
  test(`haven ${words.join(' ')}<tab>`, async () => {
    const found = await offered(...words);

    assert.deepEqual(words.at(-1) === '' ? found.slice(0, expected.length) : found, expected);
  });
}

test('zsh gets what bash gets, and fish lines of its own, quotes and all', async () => {
  const { stdout: zsh } = await said(['completion', '--shell', 'zsh']);
  const { stdout: fish } = await said(['completion', '--shell', 'fish']);

  assert.match(zsh, /^autoload -U \+X bashcompinit && bashcompinit\n_haven\(\)/);
  const lines = fish.trimEnd().split('\n');
  assert.ok(lines.length > 50);
  for (const line of lines)
    assert.match(line, /^complete -c haven -f -n '[^']+' -(l|a) [a-z-]+ -d '([^'\\]|\\.)*'$/);
});

test('what would be more than a name in the script is refused', async () => {
  for (const name of ['x; rm -rf /', '$(id)', '', '-x']) {
    const { exit } = await said(['completion', `--for=${name}`]);
    assert.equal(exit, 3, name);
  }
  assert.match(
    (await said(['completion', '--for', 'haven-on-host'])).stdout,
    /-F _haven_on_host haven-on-host\n$/,
  );
});
