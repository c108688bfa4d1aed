// What tests with Docker stand on: the no-op image, images built on it with a script of their own, and cleaning up.
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const root = fileURLToPath(new URL('../../', import.meta.url));

export async function docker(...args: string[]): Promise<string> {
  return (await execa('docker', args)).stdout;
}

/** Builds haven/noop once per machine and change: Docker's own cache decides. */
export async function ensureNoop(): Promise<void> {
  const args = ['build', '--quiet', '--tag', 'haven/noop', '--file', 'test/doubles/noop/Dockerfile', '.'];
  await execa('docker', args, { cwd: root, env: { DOCKER_BUILDKIT: '0' } });
}

/** Given a script for the no-op image, return an image that follows it for the time of a test. */
export async function buildNoop(context: TestContext, script: unknown): Promise<string> {
  const image = `haven-controller-noop-${randomBytes(4).toString('hex')}`;
  const line = JSON.stringify(script).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '\\$');
  const input = `FROM haven/noop\nENV NOOP_SCRIPT="${line}"\n`;
  await execa('docker', ['build', '--quiet', '--tag', image, '-'], { input, env: { DOCKER_BUILDKIT: '0' } });
  context.after(() => docker('rmi', '--force', '--no-prune', image));
  return image;
}

/** Removes every container and volume whose name begins with that of a ground. */
export async function removeAll(name: string): Promise<void> {
  const containers = await docker('ps', '--all', '--quiet', '--filter', `name=^/${name}-`);
  if (containers !== '') await docker('rm', '--force', ...containers.split('\n'));
  const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=${name}-`);
  if (volumes !== '') await docker('volume', 'rm', '--force', ...volumes.split('\n'));
}
