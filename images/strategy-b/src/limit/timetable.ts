// How fast uploads may go, and when: rclone's timetable syntax (rclone.org/docs, --bwlimit), plus `pause`, which rclone has not.
//   512k                                   always
//   08:00,512k 23:00,off                   each day
//   Mon-00:00,512k Fri-23:59,10M Sat-10:00,1M Sun-20:00,off
// Units are rclone's: k, M, G are 1024-fold bytes a second, a bare number is KiB/s. The last slot of the week lasts until the first of the next.

const dayMinutes = 24 * 60;
export const weekMinutes = 7 * dayMinutes;
/** Less is a mistake, or it would not bring one part off-site while its session lives. */
const slowest = 1024;

export interface Slot {
  /** Of the week, which begins on Monday. */
  minute: number;
  /** Bytes a second: 0 is a pause, Infinity no limit. */
  rate: number;
}

/** Sorted, never empty. */
export type Timetable = Slot[];

/** Something is wrong with the text, and the message says what. */
export class BadTimetable extends Error {}

/** Given the text, return its slots; throws BadTimetable naming the part that is wrong. */
export function parseTimetable(text: string): Timetable {
  const words = text.trim().split(/\s+/);
  if (words[0] === '') throw new BadTimetable('empty: say off for no limit');
  const slots =
    words.length === 1 && !words[0]!.includes(',')
      ? [{ minute: 0, rate: parseRate(words[0]!) }]
      : words.flatMap(parseSlot);
  slots.sort((left, right) => left.minute - right.minute);
  const twice = slots.find(({ minute }, index) => minute === slots[index - 1]?.minute);
  if (twice !== undefined) throw new BadTimetable(`two rates for ${nameOf(twice.minute)}`);
  return slots;
}

/** Given a minute of the week, return the rate that holds then. */
export function rateAt(timetable: Timetable, minute: number): number {
  return (timetable.findLast((slot) => slot.minute <= minute) ?? timetable.at(-1)!).rate;
}

/** Of a whole week, in bytes a second. */
export function meanRate(timetable: Timetable): number {
  return timetable.reduce((sum, { minute, rate }, index) => {
    const next = timetable[index + 1]?.minute ?? timetable[0]!.minute + weekMinutes;
    return sum + (rate * (next - minute)) / weekMinutes;
  }, 0);
}

function parseSlot(word: string): Slot[] {
  const found = /^(?:([A-Za-z]+)-)?([01][0-9]|2[0-3]):([0-5][0-9]),([^,]+)$/.exec(word);
  if (found === null)
    throw new BadTimetable(`"${word}" is not a time and a rate, such as 08:00,512k or Sat-10:00,1M`);
  const [, day, hours, minutes, rateText] = found;
  const ofDay = Number(hours) * 60 + Number(minutes);
  const rate = parseRate(rateText!);
  const days = day === undefined ? weekdays.map((_, index) => index) : [weekdayOf(day)];
  return days.map((index) => ({ minute: index * dayMinutes + ofDay, rate }));
}

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

function weekdayOf(text: string): number {
  const lower = text.toLowerCase();
  const index = weekdays.findIndex((day) => day === lower || day.slice(0, 3) === lower);
  if (index < 0) throw new BadTimetable(`"${text}" is not a day: Mon, Tue, Wed, Thu, Fri, Sat or Sun`);
  return index;
}

const powers = ['b', 'k', 'm', 'g', 't', 'p'];

function parseRate(text: string): number {
  if (text === 'off') return Number.POSITIVE_INFINITY;
  if (text === 'pause') return 0;
  if (text.includes(':'))
    throw new BadTimetable(`"${text}": only uploads are limited, so one rate and not two`);
  const found = /^([0-9]+(?:\.[0-9]+)?)(?:(b)|([kmgtp])(?:i|ib)?)?$/i.exec(text);
  if (found === null) throw new BadTimetable(`"${text}" is not a rate, such as 512k, 1.5M, off or pause`);
  const [, number, bytes, unit] = found;
  const power = powers.indexOf((bytes ?? unit ?? 'k').toLowerCase());
  const rate = Math.round(Number(number) * 1024 ** power);
  // rclone takes 0 for no limit, most people take it for none at all.
  if (rate === 0) throw new BadTimetable(`"${text}": say off for no limit, or pause for no upload at all`);
  if (rate < slowest) throw new BadTimetable(`"${text}" is slower than 1k, one KiB a second`);
  return rate;
}

function nameOf(minute: number): string {
  const ofDay = minute % dayMinutes;
  const two = (number: number) => String(number).padStart(2, '0');
  return `${weekdays[Math.floor(minute / dayMinutes)]} ${two(Math.floor(ofDay / 60))}:${two(ofDay % 60)}`;
}
