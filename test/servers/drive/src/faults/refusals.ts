/** The faults that replace an answer: what Google says in each case. */
import { type Answer, jsonAnswer, textAnswer } from '../http/answer.ts';
import { apiRefusal, oauthRefusal, type Refusal } from '../http/refusal.ts';
import type { FaultName } from './catalogue.ts';

export const REFUSING_FAULTS = [
  'rate-limit-403',
  'too-many-429',
  'server-error-500',
  'server-error-502',
  'server-error-503',
  'server-error-504',
  'unauthorized-401',
  'quota-full',
  'grant-revoked-400',
  'nonsense-200',
  'api-error',
] as const satisfies readonly FaultName[];

const RATE_MESSAGES: Record<string, string> = {
  userRateLimitExceeded: 'User rate limit exceeded.',
  rateLimitExceeded: 'Rate limit exceeded.',
  dailyLimitExceeded: 'Daily Limit Exceeded',
};

/** Given a refusing fault, its parameters and whether the upload front end is asked, return the answer that it makes. */
export function refusingAnswer(
  name: FaultName,
  params: Record<string, string | number>,
  upload: boolean,
): Answer {
  const status = Number(name.slice(-3));
  switch (name) {
    case 'rate-limit-403': {
      const reason = String(params.reason);
      const message = RATE_MESSAGES[reason] ?? reason;
      return apiRefusal(403, { domain: 'usageLimits', reason, message }).answer;
    }
    case 'too-many-429':
      return apiRefusal(429, {
        reason: 'rateLimitExceeded',
        message: 'Rate limit exceeded.',
        headers: { 'Retry-After': String(params.retryAfter) },
      }).answer;
    case 'unauthorized-401':
      return unauthorized().answer;
    case 'quota-full':
      return storageFull().answer;
    case 'grant-revoked-400':
      return oauthRefusal(400, 'invalid_grant', 'Token has been expired or revoked.').answer;
    case 'nonsense-200':
      // A hotel's login page, or a proxy of somebody's.
      return textAnswer('<html><title>Welcome!</title></html>', 200, 'text/html; charset=UTF-8');
    case 'api-error': {
      const { status: chosen, reason, message } = params;
      return apiRefusal(Number(chosen), { reason: String(reason), message: String(message) }).answer;
    }
    default:
      return upload
        ? textAnswer(
            `<html><title>Error ${status} (Server Error)!!1</title></html>`,
            status,
            'text/html; charset=UTF-8',
          )
        : jsonAnswer(
            { error: { errors: [backendError], code: status, message: backendError.message } },
            status,
          );
  }
}

const backendError = { domain: 'global', reason: 'backendError', message: 'Backend Error' };

export function unauthorized(): Refusal {
  return apiRefusal(401, {
    reason: 'authError',
    message: 'Invalid Credentials',
    location: 'Authorization',
    locationType: 'header',
    headers: { 'WWW-Authenticate': 'Bearer realm="https://accounts.google.com/", error="invalid_token"' },
  });
}

export function storageFull(): Refusal {
  return apiRefusal(403, {
    reason: 'storageQuotaExceeded',
    message: "The user's Drive storage quota has been exceeded.",
  });
}
