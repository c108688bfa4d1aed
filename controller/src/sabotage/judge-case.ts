// Whether a damage was found for the right reason. Red is not enough: a drill that is red because the scratch store did not start has found nothing.
import type { Expected, Planned } from './damages.ts';

/** What an audit and a drill's fetch of the damaged copy came to. */
export interface Seen {
  audit: { exit: number; findings: string[]; message: string };
  drill: {
    exit: number;
    message: string;
    /** Whether fetch ended well, and what it gave was, byte for byte, what the store's list promises. */
    whole: boolean;
    /** Whether so many bytes came, right or wrong, that their reader would take them for the whole. */
    all: boolean;
  };
}

export interface CaseVerdict {
  asExpected: boolean;
  /** Why not; empty when all was as expected. */
  wrong: string[];
}

/** Given what should be seen and what was, return the verdict. With nothing expected, audit and drill must be green. */
export function judgeCase(expected: Expected, about: Planned['about'], { audit, drill }: Seen): CaseVerdict {
  const wrong = [...wrongAudit(expected.audit, audit), ...wrongDrill(expected.drill, about, drill)];
  return { asExpected: wrong.length === 0, wrong };
}

function wrongAudit(expected: string | null, { exit, findings, message }: Seen['audit']): string[] {
  if (expected === null) return exit === 0 ? [] : [`the audit is red (exit ${exit}): ${message}`];
  if (exit === 0) return [`the audit is GREEN, and should have found: ${expected}`];
  if (exit === 30 && (findings.includes(expected) || message.includes(expected))) return [];
  return [
    `the audit is red for another reason than ${expected} (exit ${exit}): ${findings.join(', ') || message}`,
  ];
}

function wrongDrill(
  expected: Expected['drill'],
  about: Planned['about'],
  { exit, message, whole, all }: Seen['drill'],
): string[] {
  if (expected === null) {
    if (exit !== 0) return [`the drill is red (exit ${exit}): ${message}`];
    return whole ? [] : ['the drill ended well, and did not give what the store’s list promises'];
  }
  if (exit === 0) return ['the drill is GREEN over damage'];
  if (all) return ['the drill is red, and passed everything on nevertheless'];
  const reason = inWords(expected.reason, about);
  if (exit === expected.exit && message.includes(reason)) return [];
  return [`the drill is red for another reason than “${reason}” (exit ${exit}): ${message}`];
}

/** Given a reason with `{names}`, return it with what they stand for. */
export function inWords(reason: string, about: Planned['about']): string {
  return reason.replace(/\{(\w+)\}/g, (all, name: string) => about[name] ?? all);
}
