// images/CONTRACT.md section 6: run every image through the contract. HAVEN_IMAGE names one image; without it, all that are known.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { type Finished, type Given, startImage } from './container.ts';
import { canary, profiles } from './profiles.ts';

const only = process.env.HAVEN_IMAGE;
const chosen = Object.entries(profiles).filter(([image]) => only === undefined || image === only);
assert.ok(chosen.length > 0, `no profile for ${only}: add it to test/conformance/profiles.ts`);

// A store that takes the connection and never says a word: what hangs in the real world looks like this. Made before any test is
// declared: a root-level hook would run beside the suites.
const server = createServer(() => {});
await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
server.unref();
const blackHole = `black-hole:${(server.address() as AddressInfo).port}`;

for (const [image, profile] of chosen) {
  const run = async (args: string[], request?: unknown): Promise<Finished> => {
    const given: Given = {
      image,
      args,
      privileges: profile.privileges,
      requestText: typeof request === 'string' || request === undefined ? request : JSON.stringify(request),
      secrets: profile.secrets,
      kit: profile.kit,
    };
    const finished = await (await startImage(given)).finished;
    assertNoSecret(finished);
    return finished;
  };

  let verbs: string[] = [];

  describe(`${image} conforms to the contract`, () => {
    test('version answers without request, network or secret', async () => {
      const started = await startImage({
        image,
        args: ['version'],
        privileges: { ...profile.privileges, network: 'none' },
        requestText: undefined,
        secrets: {},
      });

      const finished = await started.finished;

      assert.equal(finished.exitCode, 0, finished.stderr);
      const result = lastResult(finished);
      assert.equal(result.outcome, 'ok');
      const version = result.version as { supported: string[]; strategy: unknown; verbs: string[] };
      assert.ok(version.supported.includes('1.0'));
      assert.equal(version.strategy, profile.strategy);
      verbs = version.verbs;
      for (const verb of Object.keys(profile.requests))
        assert.ok(verbs.includes(verb) || profile.optional?.includes(verb), verb);
    });

    test('an unknown verb is a bad request', async () => {
      assertBadRequest(await run(['sing']));
    });

    test('two verbs are a bad request', async () => {
      assertBadRequest(await run(['version', 'version']));
    });

    test('no verb is a bad request', async () => {
      assertBadRequest(await run([]));
    });

    for (const [verb, valid] of Object.entries(profile.requests)) {
      const broken: [string, () => unknown][] = [
        ['no request', () => undefined],
        ['a request that is not JSON', () => '{"contract":'],
        ['an empty request', () => ''],
        ['a request that is a list', () => []],
        ['an unknown field', () => ({ ...valid(blackHole), colour: 'red' })],
        ['another contract', () => ({ ...valid(blackHole), contract: '2.0' })],
        [
          "another verb's request",
          () => ({ ...valid(blackHole), verb: verb === 'prune' ? 'audit' : 'prune' }),
        ],
        ['a run id with a slash', () => ({ ...valid(blackHole), run: '../x' })],
      ];
      for (const [name, request] of broken) {
        test(`${verb}: ${name} is a bad request`, async (context) => {
          if (profile.optional?.includes(verb) && !verbs.includes(verb))
            return context.skip('it has no such verb');
          assertBadRequest(await run([verb], request()));
        });
      }
    }

    test(`SIGTERM during ${profile.waits} ends it as interrupted within the grace time`, async () => {
      const valid = profile.requests[profile.waits];
      assert.ok(valid);
      const started = await startImage({
        image,
        args: [profile.waits],
        privileges: profile.privileges,
        requestText: JSON.stringify(valid(blackHole)),
        secrets: profile.secrets,
        kit: profile.kit,
      });
      await started.sawEvent('started');

      await started.stop(30);

      const finished = await started.finished;
      // 137 would be Docker's SIGKILL after 30 s.
      assert.equal(finished.exitCode, 143, finished.stderr);
      assert.equal(lastResult(finished).outcome, 'interrupted');
      assertNoSecret(finished);
    });
  });
}

/** Every line was validated when it was read; this demands that the last one, and no other, is the result. */
function lastResult(finished: Finished): Record<string, unknown> {
  const results = finished.events.filter((event) => event.event === 'result');
  assert.equal(results.length, 1, `exactly one result, got:\n${finished.stdout}\n${finished.stderr}`);
  assert.equal(finished.events.at(-1)?.event, 'result', 'the result is the last line');
  return results[0] as Record<string, unknown>;
}

function assertBadRequest(finished: Finished): void {
  assert.equal(finished.exitCode, 3, finished.stdout + finished.stderr);
  const result = lastResult(finished);
  assert.equal(result.outcome, 'failed');
  const error = result.error as { code: string; message: string; hint?: string };
  assert.equal(error.code, 'bad-request');
  assert.doesNotMatch(finished.stderr, /Traceback|\bat .*:\d+:\d+/, 'an error for people has no stack trace');
}

function assertNoSecret(finished: Finished): void {
  for (const [where, text] of Object.entries({
    stdout: finished.stdout,
    stderr: finished.stderr,
    inspect: finished.inspect,
  })) {
    assert.ok(!text.includes(canary), `a secret appeared in ${where}`);
  }
}
