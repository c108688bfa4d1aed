// A short command whose whole output we want, such as `zfs get`: it ends by itself or by its deadline.
import { execFile } from 'node:child_process';
import { HavenError } from '../contract/errors.ts';
import type { Scrub } from './stderr-tail.ts';

export interface CommandSpec {
  file: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  scrub: Scrub;
  timeoutMs: number;
}

/** Given a command, return its stdout; throws `failed` with its scrubbed stderr when it exits non-zero, cannot start, or takes too long. */
export function runCommand(spec: CommandSpec): Promise<string> {
  const name = [spec.file, spec.args[0]].join(' ');
  return new Promise((resolve, reject) => {
    execFile(
      spec.file,
      spec.args,
      {
        env: spec.env,
        cwd: '/',
        timeout: spec.timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const said = spec
          .scrub(stderr)
          .trim()
          .replace(/\s*\n\s*/g, '; ')
          .slice(-600);
        const how =
          error.killed === true ? `did not end within ${spec.timeoutMs / 1000} s` : exitOf(error.code);
        reject(
          new HavenError('failed', `${name} ${how}${said === '' ? '' : `: ${said}`}`, { operation: name }),
        );
      },
    );
  });
}

function exitOf(code: unknown): string {
  return typeof code === 'number' ? `exited ${code}` : `could not be run (${String(code)})`;
}

/** The environment that tools get: nothing of ours, and texts that do not depend on a locale. */
export function toolEnv(path: string): NodeJS.ProcessEnv {
  return { PATH: path, LC_ALL: 'C', TZ: 'UTC' };
}
