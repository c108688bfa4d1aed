/**
 * A refusal in one of the shapes that Google uses: the API's JSON envelope, the upload front end's plain text, the token
 * endpoint's OAuth JSON. Handlers throw it; the server turns it into its answer.
 */
import { type Answer, jsonAnswer, textAnswer } from './answer.ts';

export class Refusal extends Error {
  readonly answer: Answer;

  constructor(message: string, answer: Answer) {
    super(message);
    this.answer = answer;
  }
}

export interface ApiErrorDetail {
  reason: string;
  message: string;
  domain?: string;
  location?: string;
  locationType?: string;
  headers?: Record<string, string>;
}

/** Given a status and the detail, return the refusal that the Drive API words as `{"error":{"errors":[…],…}}`. */
export function apiRefusal(status: number, detail: ApiErrorDetail): Refusal {
  const { reason, message, domain = 'global', location, locationType, headers = {} } = detail;
  const first = {
    domain,
    reason,
    message,
    ...(location && { locationType: locationType ?? 'parameter', location }),
  };
  return new Refusal(
    message,
    jsonAnswer({ error: { errors: [first], code: status, message } }, status, headers),
  );
}

/** The upload front end does not speak JSON: a client that parses every 400 as JSON breaks here as it would at Google. */
export function plainRefusal(status: number, message: string): Refusal {
  return new Refusal(message, textAnswer(message, status));
}

export function oauthRefusal(status: number, error: string, description: string): Refusal {
  return new Refusal(description, jsonAnswer({ error, error_description: description }, status));
}

export function notFound(id: string): Refusal {
  return apiRefusal(404, { reason: 'notFound', message: `File not found: ${id}.`, location: 'fileId' });
}

export function invalidParameter(location: string, message: string, reason = 'invalidParameter'): Refusal {
  return apiRefusal(400, { reason, message, location });
}
