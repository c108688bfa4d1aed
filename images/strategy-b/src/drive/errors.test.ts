import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter, toHavenError, translateAnswer, translateThrown } from './errors.ts';

function google(reason: string) {
  return { error: { code: 403, message: 'x', errors: [{ domain: 'usageLimits', reason, message: 'x' }] } };
}

for (const [status, body, kind] of [
  [401, {}, 'unauthorized'],
  [403, google('userRateLimitExceeded'), 'transient'],
  [403, google('rateLimitExceeded'), 'transient'],
  [403, google('storageQuotaExceeded'), 'full'],
  [403, google('dailyLimitExceeded'), 'transient'],
  [403, google('numChildrenInNonRootLimitExceeded'), 'full'],
  [403, google('accessNotConfigured'), 'set-up'],
  [403, google('insufficientFilePermissions'), 'refused'],
  [403, 'Forbidden', 'refused'],
  [404, {}, 'not-found'],
  [408, '', 'transient'],
  [409, google('fileIdInUse'), 'exists'],
  [410, '', 'not-found'],
  [429, '', 'transient'],
  [400, 'Failed to parse Content-Range header.', 'refused'],
  [500, '<html>', 'transient'],
  [503, undefined, 'transient'],
  [599, null, 'transient'],
] as const) {
  test(`HTTP ${status} ${JSON.stringify(body)} is ${kind}`, () => {
    assert.equal(translateAnswer(status, body, null, 0).kind, kind);
  });
}

test('a token endpoint that says invalid_grant means revoked', () => {
  const thrown = Object.assign(new Error('invalid_grant'), {
    response: { status: 400, data: { error: 'invalid_grant' } },
  });

  const error = toHavenError(translateThrown(thrown, 0), 'list');

  assert.equal((error as { code: string }).code, 'credentials-revoked');
});

test('no answer is transient, and the thrown object with its tokens is not kept', () => {
  const thrown = Object.assign(new Error('Bearer canary'), {
    code: 'ECONNRESET',
    config: { headers: 'Bearer canary' },
  });

  const error = translateThrown(thrown, 0);

  assert.equal(error.kind, 'transient');
  assert.match(error.message, /ECONNRESET/);
  assert.ok(!JSON.stringify([error.message, error.cause, Object.entries(error)]).includes('canary'));
});

test('Retry-After is understood in seconds and as a date', () => {
  assert.equal(parseRetryAfter('3', 0), 3000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6000);
  assert.equal(parseRetryAfter('soon', 0), undefined);
  assert.equal(parseRetryAfter(null, 0), undefined);
});

test('a rate limit of the account says that it may be the day’s, another one does not', () => {
  const throttled = (status: number, reason: string) =>
    translateAnswer(status, google(reason), null, 0).throttled;

  assert.equal(throttled(403, 'userRateLimitExceeded'), 'rate');
  assert.equal(throttled(403, 'dailyLimitExceeded'), 'day');
  assert.equal(throttled(403, 'rateLimitExceeded'), undefined);
  assert.equal(throttled(429, 'rateLimitExceeded'), undefined);
});

test('an API that is not enabled is the owner’s to fix', () => {
  const error = toHavenError(translateAnswer(403, google('accessNotConfigured'), null, 0), 'list');

  assert.equal((error as { code: string }).code, 'bad-request');
});

test('a refused download says why, though its body came as bytes', () => {
  const bytes = (text: string) => new TextEncoder().encode(text).buffer;

  assert.equal(
    translateAnswer(403, bytes(JSON.stringify(google('userRateLimitExceeded'))), null, 0).kind,
    'transient',
  );
  assert.equal(translateAnswer(403, bytes('<html>'), null, 0).kind, 'refused');
});
