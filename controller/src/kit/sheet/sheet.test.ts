// The printed sheet: its codes are rendered and read back, and its lines are typed in and checked by the very commands that RECOVERY.md tells.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Resvg } from '@resvg/resvg-js';
import readCode from 'jsqr';
import { said } from '../../../testing/command-line.ts';
import { canary, makeGround } from '../../../testing/ground.ts';
import { codesOf } from './codes.ts';
import { sheetPage } from './page.ts';
import { typedLines } from './typed-lines.ts';

const recovery = readFileSync(new URL('../../../kit/RECOVERY.md', import.meta.url), 'utf8');

/** Given an SVG, return what a reader sees in the picture of it. */
function readBack(svg: string): Buffer {
  const modules = Number(/viewBox="0 0 (\d+)/.exec(svg)![1]);
  const picture = new Resvg(svg, { fitTo: { mode: 'width', value: modules * 3 } }).render();
  // In its ES module form the package exports itself once more as `default`.
  const read = readCode as unknown as { default: typeof readCode.default };
  const found = read.default(new Uint8ClampedArray(picture.pixels), picture.width, picture.height);
  assert.ok(found !== null, 'the code is readable');
  return Buffer.from(found.binaryData);
}

function filesOf(page: string): Map<string, Buffer[]> {
  const files = new Map<string, Buffer[]>();
  for (const [, svg, name] of page.matchAll(
    /<figure>(<svg.*?<\/svg>)<figcaption>(.*?): \d+ of \d+<\/figcaption>/g,
  )) {
    files.set(name!, [...(files.get(name!) ?? []), readBack(svg!)]);
  }
  return files;
}

test('read back from the rendered page, the codes are the kit’s files, byte for byte', async (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'] });
  const drawer = mkdtempSync(join(tmpdir(), 'haven-drawer-'));
  context.after(() => rmSync(drawer, { recursive: true, force: true }));
  const sheet = join(drawer, 'kit.html');

  const { exit, stdout } = await said(['--home', ground.folder, 'kit', 'export', '--sheet', sheet]);
  const page = readFileSync(sheet, 'utf8');
  const files = filesOf(page);

  assert.equal(exit, 0);
  assert.match(stdout, /kit\.html \(sheet\)\./);
  const kit = (name: string) => readFileSync(join(ground.folder, 'kit', name));
  const packed = ['a/attributes.py', 'a/restore-a.sh', 'b/restore-b.sh'];
  const plain = [
    'a/passphrase',
    'a/store.json',
    'a/swift.json',
    'b/google-oauth.json',
    'b/passphrase',
    'b/store.json',
  ];
  assert.deepEqual(
    [...files.keys()].toSorted(),
    [...packed.map((name) => `${name}.gz`), ...plain].toSorted(),
  );
  for (const name of plain) assert.ok(Buffer.concat(files.get(name)!).equals(kit(name)), name);
  for (const name of packed)
    assert.ok(gunzipSync(Buffer.concat(files.get(`${name}.gz`)!)).equals(kit(name)), name);
  assert.ok(page.includes(`</span> ${canary}.</pre>`), 'the passphrase is there to be typed');
  assert.ok(page.includes('From the printed sheet'), 'and so are the instructions');
});

test('a page asks nobody for anything, and what is in a file cannot become a part of it', () => {
  const bytes = Buffer.from('<script>alert("1")</script> & <b>\n');
  const page = sheetPage({
    title: '<i>x</i>',
    at: new Date('2026-11-23T20:00:00Z'),
    instructions: '<p>read</p>',
    files: [{ name: 'b/passphrase', kind: 'secret', bytes }],
  });

  assert.doesNotMatch(page, /<script|<i>|<b>|<p>read| src=|href=|url\(|@import/);
  assert.ok(page.includes('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &lt;b&gt;.'));
});

test('a file of several codes comes back whole, whatever bytes it has', () => {
  const bytes = randomBytes(1800);

  const { images } = codesOf(bytes, 'secret');

  assert.equal(images.length, 4);
  assert.ok(Buffer.concat(images.map(readBack)).equals(bytes));
});

test('a stain on a secret’s code is read over', () => {
  const bytes = randomBytes(480);
  const [svg] = codesOf(bytes, 'secret').images;
  const size = Number(/viewBox="0 0 (\d+)/.exec(svg!)![1]);
  const stain = `<path fill="#000" d="M${size / 2} ${size / 2}h36v36h-36z"/></svg>`;

  assert.ok(readBack(svg!.replace('</svg>', stain)).equals(bytes));
});

/** Runs both commands of RECOVERY.md over what somebody typed. */
function typeIn(context: TestContext, lines: string[], shell: string) {
  const folder = mkdtempSync(join(tmpdir(), 'haven-typed-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'typed'), lines.join('\n'));
  const section = recovery.slice(recovery.indexOf('## From the printed sheet'));
  const commands = (section.slice(0, section.indexOf('\n## ', 5)).match(/(^ {4}.*\n)+/gm) ?? []).filter(
    (lines) => lines.includes('typed'),
  );
  assert.equal(commands.length, 2, 'the page still has both');
  const [check, make] = commands.map((command) =>
    spawnSync(shell, ['-c', command], { cwd: folder, encoding: 'utf8' }),
  );
  assert.deepEqual([check!.status, make!.status, make!.stderr], [0, 0, '']);
  return { said: check!.stdout, made: readFileSync(join(folder, 'passphrase'), 'utf8') };
}

const awkward = `five  words, "quoted" \\ and \`ticked\` $HOME %s ${'long '.repeat(30)} \n  \n\nlast+\nümläut.`;

for (const shell of ['dash', 'bash']) {
  test(`what was typed rightly is checked and made into the file (${shell})`, (context) => {
    const lines = typedLines(Buffer.from(awkward))!;

    const { said: told, made } = typeIn(context, lines, shell);

    assert.ok(lines.every((line) => line.length <= 66));
    assert.deepEqual([told, made], ['', `${awkward}\n`]);
  });
}

const mistakes: [string, (lines: string[]) => string[], RegExp][] = [
  ['a letter', (lines) => lines.with(1, lines[1]!.replace('long', 'lang')), /^line 2 is wrong\n$/],
  ['its checksum', (lines) => lines.with(0, `0000${lines[0]!.slice(4)}`), /^line 1 is wrong\n$/],
  ['a space too few', (lines) => lines.with(0, lines[0]!.replace('  ', ' ')), /^line 1 is wrong\n$/],
  ['the mark at its end', (lines) => lines.with(1, lines[1]!.slice(0, -1)), /^line 2 is wrong\n$/],
  ['a line left out', (lines) => lines.toSpliced(1, 1), /^line 2 is wrong\n/],
  [
    'two lines exchanged',
    (lines) => [lines[1]!, lines[0]!, ...lines.slice(2)],
    /^line 1 is wrong\nline 2 is wrong\n$/,
  ],
  ['an empty line', (lines) => lines.toSpliced(1, 0, ''), /^line 2 is wrong\n/],
];
for (const [what, mistake, words] of mistakes) {
  test(`mistyped, ${what}: the first wrong line is named`, (context) => {
    assert.match(typeIn(context, mistake(typedLines(Buffer.from(awkward))!), 'dash').said, words);
  });
}

const untypable: [string, string | Buffer][] = [
  ['a tab', 'a\tb'],
  ['a NUL', 'a\u0000b'],
  ['a space that does not break', 'a\u00a0b'],
  ['an umlaut of two characters', 'u\u0308'],
  ['an ångström that is no letter', '\u212b'],
  ['bytes that are no UTF-8', Buffer.from('p\u00e4ssword', 'latin1')],
];
for (const [what, text] of untypable) {
  test(`a file with ${what} is not there to be typed: nobody would type it so`, () => {
    assert.equal(typedLines(Buffer.from(text as string)), null);
  });
}
