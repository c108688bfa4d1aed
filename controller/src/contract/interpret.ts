// What a run of an image came to. Exit status and result document must agree; anything unknown, missing or contradictory is failure.
import { type ErrorCode, type ErrorReport, exitCodes } from '../errors.ts';
import { contractVersion, imageErrorCodes, type Result } from './events.ts';
import type { Verb } from './request.ts';

export interface Ended {
  verb: Verb;
  /** The run's id as requested; null for `version`, which has none. */
  run: string | null;
  exitCode: number;
  results: Result[];
  /** Whether the one result was the last line. */
  resultWasLast: boolean;
  /** Why lines of stdout were not events, if any. */
  garbage: string[];
  oomKilled: boolean;
  /** We asked it to stop. */
  stopped: boolean;
  timedOut: boolean;
}

export type Outcome = 'ok' | 'partial' | 'failed' | 'interrupted';

export interface Interpretation {
  outcome: Outcome;
  /** The exit status that `haven` itself ends with for it. */
  exitCode: number;
  /** The result as the image gave it, when it is valid and agrees with the exit status. */
  result: Result | undefined;
  error: ErrorReport | undefined;
}

const resultFields: Record<Verb, (keyof Result)[]> = {
  version: ['version'],
  backup: ['backups', 'sources'],
  list: ['count', 'incomplete', 'incompleteCount'],
  audit: ['audit'],
  prune: ['plan'],
  selftest: ['selftest'],
  fetch: ['fetched'],
  look: ['looked'],
  prepare: ['prepared'],
  parse: ['parsed'],
  receive: ['received'],
  restore: ['restored'],
  seal: ['sealed'],
  verify: ['comparison'],
  'verify-volume': ['comparison'],
  'copy-out': ['copiedOut'],
  reap: ['reaped'],
  copy: ['copied'],
  alter: ['altered'],
};

const codeOfExit = new Map<number, ErrorCode>(
  imageErrorCodes.filter((code) => code !== 'failed').map((code) => [exitCodes[code], code]),
);

export function interpret(ended: Ended): Interpretation {
  const breach = breachOf(ended);
  if (breach !== undefined) return failed(ended, breach);
  const [result] = ended.results;
  if (ended.exitCode === 0) return { outcome: 'ok', exitCode: 0, result, error: undefined };
  if (ended.exitCode === 143) {
    const error = result?.error ?? {
      code: 'interrupted',
      operation: ended.verb,
      message: 'stopped by SIGTERM',
    };
    return { outcome: 'interrupted', exitCode: 143, result, error };
  }
  const code = codeOfExit.get(ended.exitCode) ?? 'failed';
  const outcome = code === 'partial' ? 'partial' : 'failed';
  return { outcome, exitCode: exitCodes[code], result, error: result?.error };
}

/** What makes the run a failure whatever it says of itself, or undefined. */
function breachOf(ended: Ended): { message: string; hint?: string } | undefined {
  const { verb, exitCode, results, garbage } = ended;
  if (ended.oomKilled) {
    return { message: 'killed: it reached its memory limit', hint: 'raise limits.memory in haven.yaml' };
  }
  if (ended.timedOut)
    return { message: 'stopped: it reached its maximum run time', hint: 'raise maxHours in haven.yaml' };
  if (exitCode === 137) {
    if (ended.stopped) return { message: 'killed: it did not end within the grace time after SIGTERM' };
    return { message: 'killed by SIGKILL from outside' };
  }
  if (garbage.length > 0) return { message: `wrote to stdout what is no event: ${garbage[0]}` };
  if (results.length > 1) return { message: `gave ${results.length} results instead of one` };
  const [result] = results;
  if (result === undefined) {
    // Killed by SIGTERM before it could say anything: the one case without a result.
    return exitCode === 143 ? undefined : { message: `exit ${exitCode} without a result` };
  }
  if (!ended.resultWasLast) return { message: 'wrote on after its result' };
  if (result.contract !== contractVersion)
    return { message: `its result speaks contract ${result.contract}` };
  if (result.verb !== verb) return { message: `its result is of verb ${result.verb}` };
  if (ended.run !== null && result.run !== undefined && result.run !== ended.run) {
    return { message: 'its result is of another run' };
  }
  if (result.outcome !== outcomeOfExit(exitCode)) {
    return { message: `exit ${exitCode} and outcome '${result.outcome}' contradict each other` };
  }
  return result.outcome === 'ok' ? gapOf(ended, result) : contradictionOf(exitCode, result);
}

function outcomeOfExit(exitCode: number): Outcome {
  if (exitCode === 0) return 'ok';
  if (exitCode === 10) return 'partial';
  return exitCode === 143 ? 'interrupted' : 'failed';
}

function gapOf(ended: Ended, result: Result): { message: string } | undefined {
  if (result.error !== undefined) return { message: "outcome 'ok' with an error" };
  if (ended.run !== null && result.run === undefined) return { message: 'its result names no run' };
  const missing = resultFields[ended.verb].filter((field) => result[field] === undefined);
  if (missing.length > 0) return { message: `its result lacks ${missing.join(', ')}` };
  if (ended.verb === 'backup' && result.backups?.length === 0)
    return { message: "outcome 'ok' with no backup" };
  if (ended.verb === 'audit' && result.audit?.findings.length !== 0)
    return { message: "outcome 'ok' with findings" };
  const compares = ended.verb === 'verify' || ended.verb === 'verify-volume';
  if (compares && result.comparison?.entries === 0) return { message: "outcome 'ok' with nothing compared" };
  if (compares && result.comparison?.mismatches !== 0) return { message: "outcome 'ok' with mismatches" };
  return undefined;
}

function contradictionOf(exitCode: number, result: Result): { message: string } | undefined {
  if (result.error === undefined) return { message: `outcome '${result.outcome}' without an error` };
  const code = codeOfExit.get(exitCode) ?? 'failed';
  if (result.error.code === code) return undefined;
  return { message: `exit ${exitCode} and error code '${result.error.code}' contradict each other` };
}

function failed(ended: Ended, breach: { message: string; hint?: string }): Interpretation {
  const told = ended.results.at(-1)?.error;
  const message = told === undefined ? breach.message : `${breach.message} (it said: ${told.message})`;
  const error: ErrorReport = {
    code: 'failed',
    operation: ended.verb,
    message,
    hint: breach.hint ?? told?.hint,
  };
  return { outcome: 'failed', exitCode: exitCodes.failed, result: undefined, error };
}
