// docs/cli.md is what every command says of itself; HAVEN_WRITE=1 writes it anew.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { quietSurroundings, said } from '../../testing/command-line.ts';
import { everyCommand } from './program.ts';

const path = fileURLToPath(new URL('../../../docs/cli.md', import.meta.url));

function pathsOf(command: Command, above: string[]): string[][] {
  return command.commands.flatMap((one) => {
    const here = [...above, one.name()];
    return [here, ...pathsOf(one, here)];
  });
}

async function documented(): Promise<string> {
  const [nothing, none] = [() => {}, { env: {}, isTerminal: false, surroundings: quietSurroundings }];
  const program = await everyCommand({ ...none, out: nothing, err: nothing, answer: nothing });
  const sections = [];
  for (const words of [[], ...pathsOf(program, [])]) {
    const { stdout } = await said([...words, '--help']);
    const text = stdout.trimEnd().replaceAll(/[ \t]+$/gm, '');
    sections.push(`## ${['haven', ...words].join(' ')}\n\n\`\`\`\n${text}\n\`\`\`\n`);
  }
  return `${head}\n${sections.join('\n')}`;
}

const head = `# The command line

What every command says of itself (\`--help\`); a test holds this page to it. With \`--json\` stdout is one JSON object, errors included (\`error.code\`, \`message\`, \`hint\`), and \`exit\` is what the process ends with.
`;

test('docs/cli.md is what the commands say', async () => {
  const now = await documented();
  if (process.env.HAVEN_WRITE === '1') writeFileSync(path, now);

  assert.ok(now.includes('## haven config validate'));
  assert.ok(
    readFileSync(path, 'utf8') === now,
    'out of date: HAVEN_WRITE=1 node --test controller/src/cli/documented.test.ts',
  );
});
