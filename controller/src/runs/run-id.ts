/** Given a time and randomness, return a run's id: sorts by time, fits the contract's pattern. */
export function newRunId(now: Date, kind: string, strategy: string, random: string): string {
  return `${compact(now).toLowerCase()}-${kind}-${strategy}-${random}`;
}

/** 20261123T203000Z */
export function compact(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '');
}
