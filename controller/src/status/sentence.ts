// The one sentence: when each strategy was last proven, and then whatever keeps that from being enough. A strategy that was never proven, or is no longer, must
// not hide behind the other one.
import { ago, duration } from '../cli/words.ts';
import { type StrategyName, strategyNames } from '../contract/request.ts';
import type { KindStatus, Status, WatchedKind } from './status.ts';

export function entries(strategies: Status['strategies']): [StrategyName, KindStatus[]][] {
  return strategyNames.flatMap((name) => (strategies[name] === undefined ? [] : [[name, strategies[name]]]));
}

export function of(kinds: KindStatus[], kind: WatchedKind): KindStatus {
  return kinds.find((one) => one.kind === kind)!;
}

export function sentence(strategies: Status['strategies'], now: Date): string {
  const all = entries(strategies);
  const alone = all.length === 1;
  const proven = all.filter(([, kinds]) => of(kinds, 'drill').lastOk !== null);
  const first = proven.map(([name, kinds]) => {
    const when = ago(new Date(of(kinds, 'drill').lastOk!.ended!), now);
    return alone ? when : `${name} ${when}`;
  });
  const parts = first.length === 0 ? [] : [`Last proven restorable: ${first.join(', ')}.`];
  for (const [name, kinds] of all) parts.push(...ofStrategy(name, kinds, alone, now));
  return parts.join(' ');
}

function ofStrategy(name: StrategyName, kinds: KindStatus[], alone: boolean, now: Date): string[] {
  const whose = alone ? '' : ` of ${name}`;
  const drill = of(kinds, 'drill');
  const failing = drill.last !== null && drill.last.outcome !== null && drill.last.outcome !== 'ok';
  const parts: string[] = [];
  if (drill.lastOk === null) {
    const how = failing ? 'the last drill was not green' : 'no drill has passed yet';
    const never = failing ? 'NEVER' : alone ? 'Never' : 'never';
    parts.push(`${alone ? '' : `${name} was `}${never} proven restorable: ${how}.`);
  } else if (failing) parts.push(`But the last drill${whose} was NOT green.`);
  if (of(kinds, 'audit').damaged) parts.push(`The last audit${whose} found DAMAGE in the store.`);
  if (kinds.some(({ kind, damaged }) => kind === 'stream' && damaged))
    parts.push(`The last stream drill${whose} found DAMAGE in the store.`);
  for (const { kind: job, freshness, paused, unproven: waiting } of kinds) {
    const kind = job === 'stream' ? 'stream drill' : job;
    if (paused !== null)
      parts.push(
        `The ${kind}${whose} is paused until ${paused.until.slice(0, 16).replace('T', ' ')} UTC${paused.reason === '' ? '' : ` (${paused.reason})`}.`,
      );
    if (waiting.length > 0) {
      parts.push(`Not restored by any green drill${whose} within the promised days: ${waiting.join(', ')}.`);
      continue;
    }
    const { level, at } = freshness;
    if (level !== 'late' && level !== 'overdue') continue;
    const newest =
      at === null ? `there is no good ${kind} yet` : `the newest good one is ${age(at, now)} old`;
    parts.push(`The ${kind}${whose} is ${level}: ${newest}.`);
  }
  return parts;
}

function age(at: string, now: Date): string {
  return duration(Math.max(0, (now.getTime() - Date.parse(at)) / 1000));
}
