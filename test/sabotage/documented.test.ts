// docs/sabotage.md is made of the very tables that `haven drill --sabotage` demands; HAVEN_WRITE=1 writes it anew.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { strategyNames } from '../../controller/src/contract/request.ts';
import { treeCases } from '../../controller/src/sabotage/alterations.ts';
import { damages, type Expected } from '../../controller/src/sabotage/damages.ts';

const path = fileURLToPath(new URL('../../docs/sabotage.md', import.meta.url));

const head = `# What damage turns red, where, and why

A drill that cannot fail is no drill. \`haven drill --sabotage\` copies one small backup of each strategy out of its store, damages the copy in every way below, one at a time, and demands of the very audit, fetch and
verify that audits and drills run: red, for this reason and no other; and green of what is whole. One row that does not come out so makes the command end with 1. The store is only read; nothing of ZFS is needed or
changed; what it may use, and what it does not prove, is in [decision 16](decisions/0016-sabotage.md). The tests run it whole, with the real images, for both strategies (\`test/sabotage\`); this page is made of the tables
that it demands, and a test holds it to them.

"Audit" is \`haven audit\`, daily, which downloads no data. It remembers which backups there were: here what it saw of the whole copy.
"Drill" is the fetch of a drill with the recovery kit, cold. A word in braces is what the reason names.
`;

function storeTable(strategy: 'a' | 'b'): string {
  const rows = damages.flatMap(({ name, what, expected }) => {
    const ours = expected[strategy];
    if (ours === undefined) return [];
    const { audit, drill } = ours;
    return `| \`${name}\` | ${what} | ${audit === null ? green : `red: ${audit}`} | ${drillWords({ audit, drill })} |`;
  });
  const first = '| `whole` | nothing | green | green: all of it comes, every byte as listed |';
  return ['| | damage | audit | drill |', '|---|---|---|---|', first, ...rows].join('\n');
}

const green = '**green**';

function drillWords({ drill }: Expected): string {
  return drill === null ? `${green}: it needs only what its manifest names` : `red: ${drill.reason}`;
}

function treeTable(): string {
  const rows = treeCases.map(({ name, what, expected }) => {
    const words =
      expected === null
        ? 'green'
        : `red: ${'kinds' in expected ? expected.kinds.join(' and ') : expected.reason}`;
    return `| \`${name}\` | ${what} | ${words} |`;
  });
  return ['| | alteration | verify |', '|---|---|---|', ...rows].join('\n');
}

function documented(): string {
  const names = { a: 'duplicity and Swift', b: '`zfs send` and Google Drive' };
  const stores = strategyNames.map(
    (name) => `## The store of strategy ${name.toUpperCase()}: ${names[name]}\n\n${storeTable(name)}\n`,
  );
  const tree = `## Between restore and comparison, for both\n\nExactly these kinds of difference, and no other.\n\n${treeTable()}\n`;
  const more = `## More of strategy A\n\n[sabotage-a.md](sabotage-a.md) says of each damage what duplicity itself makes of it, and what the next backup does.\n`;
  return [head, ...stores, tree, more].join('\n');
}

test('docs/sabotage.md is what the sabotage demands', () => {
  const now = documented();
  if (process.env.HAVEN_WRITE === '1') writeFileSync(path, now);

  assert.ok(now.includes('older-manifest'));
  assert.ok(
    readFileSync(path, 'utf8') === now,
    'out of date: HAVEN_WRITE=1 node --test test/sabotage/documented.test.ts',
  );
});
