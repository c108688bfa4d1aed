// Fills a history with a year of nightly backups and weekly drills, for test/idle: node test/idle-history.ts PATH
import { randomBytes } from 'node:crypto';
import { openHistory } from '../controller/src/history/history.ts';

const history = openHistory(process.argv[2]!);
const now = Date.now();
for (let day = 365; day > 0; day -= 1) {
  for (const strategy of ['a', 'b'] as const) {
    for (const kind of ['backup', 'audit', 'drill'] as const) {
      if (kind === 'drill' && day % 7 !== 0) continue;
      const id = `${kind}-${strategy}-${day}`;
      const started = new Date(now - day * 86_400_000 + 3_600_000);
      history.begin({ id, kind, strategy, trigger: 'schedule', started });
      // About as much as a run of ten datasets records.
      const createdAt = started.toISOString();
      const backups = Array.from({ length: 10 }, () => {
        return { createdAt, storedBytes: 1_000_000, streamSha256: randomBytes(32).toString('hex') };
      });
      const ended = new Date(started.getTime() + 600_000);
      history.end(id, { ended, outcome: 'ok', exit: 0, error: null, result: { backups } });
    }
  }
}
history.close();
