// What duplicity alone keeps of each attribute, and what Haven keeps with attributes.py: measured on a cold restore, printed, and compared with docs/attributes.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { DRILL, type Ground, STRANGER, startGround } from './swift-and-kit.ts';

const page = readFileSync(new URL('../../docs/attributes.md', import.meta.url), 'utf8');
const ID = 'aa'.repeat(16);

const ground: Ground = await startGround();
after(() => ground.dispose());
await ground.write('full', ID);

/** Restores with the kit's program as far as duplicity goes, looks, lets attributes.py do its part, and looks again. */
const MEASURE = `
cp /kit/* /work/
sed '/attributes.py" apply/s/python3/cp -a "$2" "$2.alone" \\&\\& python3/' /kit/restore-a.sh > /work/restore-a.sh
sh /work/restore-a.sh restore ${ID} /haven/out/new >&2 && python3 /repository/test/kit-a/attribute_table.py /haven/source/docs /haven/out/new.alone /haven/out/new`;

for (const [debian, image] of Object.entries({ '12': STRANGER, '13': DRILL })) {
  test(`the table is what a cold restore with the duplicity of Debian ${debian} gives`, async () => {
    const options = ['--cap-add', 'DAC_READ_SEARCH'];
    const measured = await ground.run(image, ground.kit(), `rm -rf /haven/out/new*; ${MEASURE}`, options);

    console.log(measured.stdout);
    assert.equal(measured.code, 0, measured.said);
    assert.ok(measured.stdout.split('\n').length > 15, 'many attributes were looked at');
    assert.ok(page.includes(measured.stdout), 'docs/attributes.md has another table than was measured');
  });
}
