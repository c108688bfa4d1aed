// Who is told what, and when. Never fails a run: a target that cannot be reached is a warning in the log, and the dead-man's switch on the other side rings.
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { pingEnd, pingStart } from './healthchecks.ts';
import {
  type EndedRun,
  type Health,
  healthAfter,
  jobName,
  type News,
  newsOf,
  newsOfAge,
  newsOfSilence,
  testNews,
} from './news.ts';
import { type Patience, usualPatience } from './post.ts';
import { pushKuma, secret, sendNews } from './send.ts';
import type { Notify, Target } from './targets.ts';

/** How a job stood when it was last told of, so that there is one alert a change. */
export interface Healths {
  healthOf(job: string): Health | null;
  setHealth(job: string, health: Health, at: Date): void;
}

export interface Notifier {
  started(run: { run: string; kind: EndedRun['kind']; strategy: string }): Promise<void>;
  /** `logPath`: the run's log for people, where there is one. */
  ended(run: EndedRun, logPath: string): Promise<void>;
  /** A job that should have begun at `since` has not. */
  overdue(job: string, since: Date): Promise<void>;
  /** Whether the newest good run of a job, of the time given, is too old: told once each time that it becomes so, whatever was told of single runs. */
  aged(job: string, isOverdue: boolean, newest: string | null): Promise<void>;
  /** Tries every target; one line each, in the order of the configuration. */
  test(): Promise<Tried[]>;
}

export interface Tried {
  target: string;
  ok: boolean;
  reason: string | null;
}

export interface Ways {
  name: string;
  /** Folder of the addresses and passwords. */
  secrets: string;
  healths: Healths;
  log: Logger;
  now: () => Date;
  patience?: Patience;
}

export function createNotifier({ targets }: Notify, ways: Ways): Notifier {
  const { name, secrets, healths, log, now, patience = usualPatience } = ways;

  async function toEach(job: string, act: (target: Target) => Promise<void>): Promise<void> {
    const concerned = targets.filter((target) => target.jobs === undefined || target.jobs.includes(job));
    await Promise.all(
      concerned.map(async (target) => {
        try {
          await act(target);
        } catch (error) {
          // A notification never fails a run. What is lost here is found by whoever expects the next ping.
          log.warn(
            { target: nameOf(target), job, reason: (error as Error).message },
            'a target was not told',
          );
        }
      }),
    );
  }

  async function tell(news: News): Promise<void> {
    await toEach(news.job, async (target) => {
      if (target.kind === 'healthchecks' || target.kind === 'uptime-kuma') return;
      if (news.occasion !== 'test' && !target.on.includes(news.occasion)) return;
      await sendNews(target, news, secrets, patience);
    });
  }

  async function pingEnded(target: Target, run: EndedRun, logPath: string): Promise<void> {
    if (target.kind === 'healthchecks') {
      const lines = target.log ? logOf(logPath) : null;
      await pingEnd(secret(secrets, target.urlFile), run, lines, patience);
    } else if (target.kind === 'uptime-kuma') {
      const milliseconds = Date.parse(run.ended) - Date.parse(run.started);
      const push = { up: run.outcome === 'ok', message: run.code ?? run.outcome, milliseconds };
      await pushKuma(secret(secrets, target.urlFile), push, patience);
    }
  }

  function nameOf(target: Target): string {
    return `${targets.indexOf(target) + 1} (${target.kind})`;
  }

  return {
    started: (run) =>
      toEach(jobName(run), async (target) => {
        if (target.kind === 'healthchecks')
          await pingStart(secret(secrets, target.urlFile), run.run, patience);
      }),
    ended: async (run, logPath) => {
      const job = jobName(run);
      const before = healths.healthOf(job);
      const after = healthAfter(run.outcome);
      // Before it is told: whoever is killed in between tells once less rather than at every start.
      if (after !== null && after !== before) healths.setHealth(job, after, now());
      const news = newsOf(name, run, before);
      await Promise.all([
        toEach(job, (target) => pingEnded(target, run, logPath)),
        news === null ? undefined : tell(news),
      ]);
    },
    overdue: async (job, since) => {
      const news = newsOfSilence(name, job, since.toISOString(), healths.healthOf(job));
      if (news === null) return;
      healths.setHealth(job, 'bad', now());
      await tell(news);
    },
    aged: async (job, isOverdue, newest) => {
      const age = `age-of-${job}`;
      const after: Health = isOverdue ? 'bad' : 'good';
      if ((healths.healthOf(age) ?? 'good') === after) return;
      healths.setHealth(age, after, now());
      if (!isOverdue) return;
      // So that the next good run tells that it works again.
      healths.setHealth(job, 'bad', now());
      await tell(newsOfAge(name, job, newest));
    },
    test: () =>
      Promise.all(
        targets.map(async (target) => {
          try {
            await tryOut(target);
            return { target: nameOf(target), ok: true, reason: null };
          } catch (error) {
            return { target: nameOf(target), ok: false, reason: (error as Error).message };
          }
        }),
      ),
  };

  async function tryOut(target: Target): Promise<void> {
    const patient: Patience = { ...patience, waitsMs: [] };
    if (target.kind === 'healthchecks')
      return await pingStart(secret(secrets, target.urlFile), 'test', patient);
    if (target.kind === 'uptime-kuma') {
      const push = { up: true, message: 'test', milliseconds: 0 };
      return await pushKuma(secret(secrets, target.urlFile), push, patient);
    }
    await sendNews(target, testNews(name), secrets, patient);
  }
}

function logOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A run that ended before its first step has no log: the ping itself matters more.
    return null;
  }
}
