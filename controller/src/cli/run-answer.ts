import type { RunSummary } from '../runs/recorded.ts';

export function summaryData({ run, outcome, exit, error, result }: RunSummary): Record<string, unknown> {
  return { run, outcome, exit, error, result };
}

export const runExits = `EXIT STATUS
  0    done
  1    failed
  3    the command, the configuration or a secret is wrong: fix it
  10   some datasets are backed up, some are not
  11   network, throttling or daily limit: run again later
  12   busy: another run of it is under way
  20   a snapshot could not be taken or read
  21   the store is full
  22   the store refuses the credentials: sign in again
  23   the local disk is full
  30   stored data is missing, altered or different
  143  interrupted`;
