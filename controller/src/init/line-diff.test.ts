import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineDiff } from './line-diff.ts';

test('what goes, what comes, and two lines around it', () => {
  const old = 'a\nb\nc\nd\ne\nf\ng\nh\ni';

  assert.equal(lineDiff(old, old), '');
  assert.equal(lineDiff('a\nb\nc', 'a\nx\nc'), '  a\n- b\n+ x\n  c');
  assert.equal(
    lineDiff(old, old.replace('a', 'A').replace('i', 'i\nj')),
    '- a\n+ A\n  b\n  c\n  …\n  h\n  i\n+ j',
  );
  assert.equal(lineDiff('a\nb', 'b'), '- a\n  b');
});
