// The recovery sheet as paper: printed by a real browser, its codes photographed one by one and its lines copied, and put together by what the print itself says.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { said } from '../../controller/testing/command-line.ts';
import { makeGround } from '../../controller/testing/ground.ts';
import { makeKeys } from '../strategy-b/openpgp-key.ts';
import { blockAbove, inkOf } from './picture.ts';
import { dotsPerInch, inPrinter, type Printed, print } from './printer.ts';
import { type Caption, captionsOn, linesOn, linesToType } from './reader.ts';

const recovery = readFileSync(new URL('../../controller/kit/RECOVERY.md', import.meta.url), 'utf8');
const programs = ['a/attributes.py', 'a/restore-a.sh', 'b/restore-b.sh'];
const dots = (points: number) => Math.round((points / 72) * dotsPerInch);
const millimetres = (count: number) => (count / dotsPerInch) * 25.4;
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const secrets = {
  'a/passphrase': `five  words, "quoted" \\ and \`ticked\` $HOME %s &amp; <b> ${'long '.repeat(30)} \n`,
  // It was changed twice, has no line's end, and sixty of these are wider than the paper.
  'b/passphrase': `${'😀'.repeat(60)}\n\n  0O1lI|.+ fi ffl ümläut €uro — last+\nk3m9x-7wq2p`,
  'a/swift.json': json({ username: 'haven', password: `p"4\\ß'$(rm)`, project_name: 'backup #1' }),
  'b/google-oauth.json': json({
    client_id: '123456789012-a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6.apps.googleusercontent.com',
    client_secret: 'GOCSPX-_aB3-dE5fG7hI9jK1lM3nO5pQ',
    refresh_token: `1//0${'aB3_-Zy9'.repeat(12)}`,
    signed_in_at: '2026-11-23T20:00:00Z',
  }),
  // More than one code, and more lines than are left on any page.
  'b/secret-key.asc': makeKeys({ algorithm: 'rsa2048' }).secrets,
};

/** An owner exports the kit and the sheet of it; returns both. */
async function exported(context: TestContext) {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'] });
  for (const [name, text] of Object.entries(secrets)) {
    rmSync(join(ground.folder, 'secrets', name), { force: true });
    writeFileSync(join(ground.folder, 'secrets', name), text, { mode: 0o400 });
  }
  const drawer = mkdtempSync(join(tmpdir(), 'haven-drawer-'));
  context.after(() => rmSync(drawer, { recursive: true, force: true }));
  const sheet = join(drawer, 'kit.html');
  const kit = join(drawer, 'kit');
  const { exit, stderr } = await said(['--home', ground.folder, 'kit', 'export', kit, '--sheet', sheet]);
  assert.equal(exit, 0, stderr);
  const names = ['a', 'b'].flatMap((half) => readdirSync(join(kit, half)).map((name) => `${half}/${name}`));
  return {
    html: readFileSync(sheet, 'utf8'),
    names,
    bytesOf: (name: string) => readFileSync(join(kit, name)),
  };
}

/** What the print tells to type, from paper to files: for codes, to check lines, to make a file of them. */
function commandsOf(lines: string[]): { photos: string; check: string; make: string } {
  const from = lines.indexOf('## From the printed sheet');
  const section = lines.slice(from, lines.indexOf('## 1. A computer'));
  const blocks = section
    .map((line) => (line.startsWith('    ') ? line : ''))
    .join('\n')
    .split(/\n\n+/)
    .filter((block) => block !== '');
  assert.equal(blocks.length, 3, section.join('\n'));
  const [photos, check, make] = blocks as [string, string, string];
  return { photos, check, make };
}

/** Given codes of one file in the order of their numbers, return the file that a person makes of photographs of them. */
async function photographed({ folder }: Printed, codes: Caption[], command: string): Promise<Buffer> {
  const shots = codes.map((code, at) => {
    const { box } = blockOf(code);
    // Framed as by hand: the code, and what is white around it.
    const edge = dots(5);
    const frame = `-x ${box.left - edge} -y ${box.top - edge} -W ${box.right - box.left + 2 * edge} -H ${box.bottom - box.top + 2 * edge}`;
    return `pdftoppm -jpeg -singlefile -r ${dotsPerInch} -f ${code.page.number} -l ${code.page.number} ${frame} kit.pdf ${at + 1}`;
  });
  const photos = codes.map((_, at) => `${at + 1}.jpg`).join(' ');
  assert.ok(command.includes('1.jpg 2.jpg') && command.includes('> passphrase'), command);
  const name = codes[0]!.name.split('/')[1]!;
  const typed = command.replace('1.jpg 2.jpg', photos).replace('> passphrase', `> ${name}`);
  const unpack = name.endsWith('.gz') ? `gunzip -f ${name}` : ':';
  await inPrinter(folder, [...shots, typed, unpack].join('\n'));
  return readFileSync(join(folder, name.replace(/\.gz$/, '')));
}

function blockOf({ page, middle, top }: Caption) {
  // Half of the room that a code has in its row.
  const half = (30 / 25.4) * 72;
  return blockAbove(page.picture, { left: dots(middle - half), right: dots(middle + half) }, dots(top));
}

for (const paper of ['A4', 'Letter'] as const) {
  test(`printed on ${paper}`, async (context) => {
    const { html, names, bytesOf } = await exported(context);
    const printed = await print(html, paper);
    context.after(() => rmSync(printed.folder, { recursive: true, force: true }));
    const { pages } = printed;
    const lines = linesOn(pages);
    const captions = captionsOn(pages);
    const codesOf = (name: string) =>
      captions.filter((one) => one.name === name).toSorted((one, other) => one.number - other.number);

    await context.test('there is no page without writing, and nothing near a page’s edge', () => {
      assert.ok(pages.length > 8, 'the kit is long');
      for (const { number, words, picture } of pages) {
        const { left, right, top, bottom } = inkOf(picture)!;
        const edges = [left, top, picture.width - right, picture.height - bottom];
        assert.ok(words.length > 20, `page ${number} has words`);
        assert.ok(Math.min(...edges.map(millimetres)) > 6, `page ${number}: ${edges.map(millimetres)} mm`);
      }
    });

    await context.test('every code of every file is there once, above its name', () => {
      const files = names.map((name) => (programs.includes(name) ? `${name}.gz` : name));
      assert.deepEqual([...new Set(captions.map(({ name }) => name))].toSorted(), files.toSorted());
      for (const name of files) {
        const codes = codesOf(name);
        assert.deepEqual(
          codes.map(({ number, of }) => [number, of]),
          codes.map((_, at) => [at + 1, codes.length]),
        );
      }
      assert.ok(codesOf('b/secret-key.asc').length > 1);
    });

    await context.test('each code is whole, on one page, large enough, and white around', () => {
      const modules = [...html.matchAll(/<figure><svg[^>]* viewBox="0 0 (\d+)/g)].map(
        ([, size]) => Number(size) - 8,
      );
      assert.equal(modules.length, captions.length);
      for (const [at, code] of captions.entries()) {
        const { box, white } = blockOf(code);
        const [wide, high] = [box.right - box.left + 1, box.bottom - box.top + 1];
        const module = wide / modules[at]!;
        const what = `${code.name} ${code.number}, page ${code.page.number}: ${JSON.stringify({ wide, high, module, white })}`;
        assert.ok(Math.abs(wide - high) <= 2, what);
        assert.ok(millimetres(module) > 0.45, what);
        assert.ok(Math.min(...Object.values(white)) >= 4 * module - 1, what);
      }
    });

    await context.test('a program finds all codes of a page at once, too', async () => {
      const read = 'for page in page-*.pgm; do zbarimg "$page" 2>&1 > /dev/null || :; done';
      const found = await inPrinter(printed.folder, read);
      const counts = [...found.matchAll(/^scanned (\d+) barcode/gm)].map(([, count]) => Number(count));
      const wanted = pages.map(({ number }) => captions.filter(({ page }) => page.number === number).length);
      assert.deepEqual(counts, wanted);
    });

    await context.test('every command of RECOVERY.md stands on a line of its own, unbroken', () => {
      const commands = recovery.match(/^ {4}.*$/gm)!;
      assert.ok(commands.length > 20);
      assert.deepEqual(
        commands.filter((line) => !lines.includes(line)),
        [],
      );
    });

    for (const name of names) {
      await context.test(`${name} by photographs of its codes`, async () => {
        const codes = codesOf(programs.includes(name) ? `${name}.gz` : name);
        assert.ok((await photographed(printed, codes, commandsOf(lines).photos)).equals(bytesOf(name)));
      });
    }

    for (const name of names.filter((one) => !programs.includes(one))) {
      await context.test(`${name} by typing its lines`, async () => {
        const { check, make } = commandsOf(lines);
        const typed = linesToType(lines, name);
        writeFileSync(join(printed.folder, 'typed'), `${typed.join('\n')}\n`);

        const told = await inPrinter(printed.folder, [check, make, 'sha256sum passphrase'].join('\n'));
        const made = readFileSync(join(printed.folder, 'passphrase'), 'utf8');

        assert.match(told, /^[0-9a-f]{64} {2}passphrase\n$/, typed.join('\n'));
        const text = bytesOf(name).toString();
        const ends = text.endsWith('\n');
        assert.equal(made, ends ? text : `${text}\n`);
        if (ends) assert.ok(lines.join('\n').includes(`The whole of ${name}: sha256 ${told.slice(0, 16)}…`));
      });
    }
  });
}
