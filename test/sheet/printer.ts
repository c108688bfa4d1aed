// The sheet on paper: printed by a browser without network, and what is to be seen on each page of the PDF: pixels, and words with their places.
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Picture, pictureOf } from './picture.ts';

const image = process.env.HAVEN_PRINTER_IMAGE ?? 'haven/printer';
/** As an office's scanner takes it, or a telephone from a hand's breadth. */
export const dotsPerInch = 200;

export interface Word {
  text: string;
  /** In points, from the page's upper left corner. */
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Page {
  number: number;
  width: number;
  height: number;
  words: Word[];
  picture: Picture;
}

export interface Printed {
  /** Holds kit.pdf; a command that is run in the printer works in it. */
  folder: string;
  pages: Page[];
}

/** Given a page and the paper that an owner chooses in the browser's dialog, return what comes out of the printer. */
export async function print(html: string, paper: 'A4' | 'Letter'): Promise<Printed> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-paper-'));
  // The printer's user is another than the one who runs the test.
  chmodSync(folder, 0o777);
  writeFileSync(
    join(folder, 'kit.html'),
    html.replace('</style>', `</style><style>@page { size: ${paper} }</style>`),
  );
  // No sandbox of the browser's own: that needs privileges, and the container is one.
  const browser = 'chromium-headless-shell --no-sandbox --disable-gpu --disable-dev-shm-usage';
  await inPrinter(
    folder,
    `${browser} --no-pdf-header-footer --print-to-pdf=kit.pdf file:///paper/kit.html
     pdftotext -bbox kit.pdf words.html
     pdftoppm -gray -r ${dotsPerInch} kit.pdf page`,
  );
  const found = pagesOf(readFileSync(join(folder, 'words.html'), 'utf8'));
  const pages = found.map((page, at) => {
    const name = `page-${String(at + 1).padStart(String(found.length).length, '0')}.pgm`;
    return { ...page, number: at + 1, picture: pictureOf(readFileSync(join(folder, name))) };
  });
  return { folder, pages };
}

/** Given a folder and a shell's lines, run them there, with no network and no privilege; return what they print. */
export async function inPrinter(folder: string, lines: string): Promise<string> {
  const confined = ['--network=none', '--security-opt=no-new-privileges', '--cap-drop=ALL', '--read-only'];
  const places = ['--tmpfs=/tmp', '--tmpfs=/home/reader:mode=1777', `--volume=${folder}:/paper`];
  const args = ['run', '--rm', ...confined, ...places, '--workdir=/paper', image, 'bash', '-ec', lines];
  return (await execa('docker', args, { stripFinalNewline: false })).stdout;
}

function pagesOf(words: string): Omit<Page, 'number' | 'picture'>[] {
  return [...words.matchAll(/<page width="(.*?)" height="(.*?)">(.*?)<\/page>/gs)].map((page) => ({
    width: Number(page[1]),
    height: Number(page[2]),
    words: [
      ...page[3]!.matchAll(/<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)<\/word>/g),
    ].map(([, left, top, right, bottom, text]) => ({
      text: plain(text!),
      left: Number(left),
      right: Number(right),
      top: Number(top),
      bottom: Number(bottom),
    })),
  }));
}

function plain(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
