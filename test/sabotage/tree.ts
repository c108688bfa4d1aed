import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Given a test, return a folder with a few files for as long as it runs. Not in /tmp: that may be a tmpfs without extended attributes. */
export function writeTree(context: TestContext): string {
  const tree = mkdtempSync('/var/tmp/haven-sabotage-');
  context.after(() => rmSync(tree, { recursive: true, force: true }));
  mkdirSync(join(tree, 'folder'));
  writeFileSync(join(tree, 'folder/file'), 'content');
  writeFileSync(join(tree, 'another'), 'more');
  symlinkSync('another', join(tree, 'link'));
  return tree;
}

/** Given where runs keep their files, and one, return the end of what its containers said: why a row did not come out as it must. */
export function lastWords(runs: string, run: string): string {
  return readFileSync(join(runs, run, 'log.txt'), 'utf8').slice(-4000);
}
