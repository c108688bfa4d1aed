// The drill's image on a machine without ZFS: what makes a pool, seals and destroys it only says so, and a folder stands for the pool's dataset. All else, the fetch from the store
// and the comparison of every byte, is the image's own.
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { execa } from 'execa';

const program = `#!/bin/sh
case "$1" in
  prepare) field=prepared value='{pool, dataset: (.pool + "/restored"), tools: {}, seconds: 1}' ;;
  seal) field=sealed value='{pool, dataset: (.pool + "/restored"), snapshot: "drill-000", guid: "99", scrub: {state: "finished", errors: 0}}' ;;
  reap) field=reaped value='if .pools == "all" then [] else .pools end' ;;
  *) exec python3 -s -m haven_drill "$@" ;;
esac
jq -c --arg at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg field "$field" \\
  "{event: \\"result\\", at: \\$at, contract: \\"1.0\\", verb, run, outcome: \\"ok\\"} + {(\\$field): ($value)}" /haven/request.json
`;

/** Returns the name of an image that is there for as long as the test runs. */
export async function drillWithoutPools(context: TestContext): Promise<string> {
  const image = `haven-drill-without-pools-${randomBytes(4).toString('hex')}`;
  const encoded = Buffer.from(program).toString('base64');
  const file = '/usr/local/bin/drill-without-pools';
  const input = `FROM haven/drill
USER 0
RUN echo ${encoded} | base64 -d > ${file} && chmod 755 ${file}
USER 1000:1000
ENTRYPOINT ["${file}"]
`;
  await execa('docker', ['build', '--quiet', '--tag', image, '-'], { input, env: { DOCKER_BUILDKIT: '0' } });
  context.after(() => execa('docker', ['rmi', '--force', '--no-prune', image]));
  return image;
}
