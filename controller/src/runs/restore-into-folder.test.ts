import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HavenError } from '../errors.ts';
import { readFolder } from './restore-into-folder.ts';

test('a folder is named in full, and a path is below the backup’s root however it is written', () => {
  assert.deepEqual(readFolder('/mnt/usb/new/', '/docs/letter/', undefined), {
    ...{ into: '/mnt/usb/new', path: 'docs/letter', really: false },
  });
});

test('who wants to write into a folder that holds something repeats its name, letter by letter', () => {
  assert.equal(readFolder('/srv/old', '', '/srv/old').really, true);
  for (const really of ['/srv', 'yes', '/srv/old/', ''])
    assert.throws(() => readFolder('/srv/old', '', really), /--really must repeat/, really);
});

test('what is no folder, or leads out of the backup, is refused with a remedy', () => {
  const cases: [string, string][] = [
    ...['/', 'relative', '', '/srv/../etc', '/srv//x', './x', '/srv/a:b'].map(
      (into) => [into, ''] as [string, string],
    ),
    ...['..', '../x', 'a/../../x'].map((path) => ['/srv/x', path] as [string, string]),
  ];
  for (const [into, path] of cases)
    assert.throws(
      () => readFolder(into, path, undefined),
      (thrown) =>
        thrown instanceof HavenError &&
        thrown.report.code === 'bad-request' &&
        thrown.report.hint !== undefined,
      `${into} ${path}`,
    );
});
