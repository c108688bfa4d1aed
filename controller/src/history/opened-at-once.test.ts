// The daemon and the command line meet a new history at the same moment: `docker compose up` and the first `haven doctor`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

const opener = `
  import { openHistory } from '${import.meta.resolve('./history.ts')}';
  openHistory(process.argv[1]).close();
`;

test('opening a history waits while another process is still making it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'haven-history-'));
  const path = join(folder, 'history.db');
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE being_made (it TEXT); BEGIN IMMEDIATE');

  const child = spawn(process.execPath, ['--input-type=module', '-e', opener, path], { stdio: 'inherit' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1500))]);
  other.exec('COMMIT');
  other.close();

  assert.equal(await ended, 0);
  rmSync(folder, { recursive: true });
});
