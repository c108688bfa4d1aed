// Logs are for the owner and for whoever helps them: ids, never names of datasets or files; no secret by construction, and redaction on top.
import pino, { type Logger } from 'pino';

const hidden = [
  '*.passphrase',
  '*.password',
  '*.token',
  '*.refresh_token',
  '*.client_secret',
  '*.settings',
  '*.dataset_name',
];

export function stderrLog(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: hidden, censor: '***' },
      serializers: { err: briefError },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** A stack or a cause may carry what a tool said, names included: the report's own words are all that is logged. */
function briefError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const report = (error as { report?: { code: string; operation: string } }).report;
  return { type: error.name, message: error.message, code: report?.code, operation: report?.operation };
}
