// `version`: what this image is. No request, no network, no secret, and none of the heavy libraries.
import type { Result } from '../contract/events.ts';
import { imageVersion, toolVersions } from '../process/tool-versions.ts';

export async function version(toolPath: string): Promise<Result> {
  return {
    outcome: 'ok',
    version: {
      contract: '1.0',
      supported: ['1.0'],
      image: imageVersion(),
      strategy: 'b',
      verbs: ['version', 'backup', 'list', 'audit', 'prune', 'selftest', 'copy'],
      tools: await toolVersions(toolPath),
    },
  };
}
