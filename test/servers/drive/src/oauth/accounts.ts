/**
 * Who may come in: OAuth clients, refresh tokens, access tokens, pending device logins and authorisation codes. All of it is
 * on disk (oauth.json), so a restart logs nobody out.
 */
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { readJson, writeJson } from '../state/json-file.ts';

export const DRIVE_FILE_SCOPE = 'https://www.googleapis.com/auth/drive.file';
export const DRIVE_SCOPE = 'https://www.googleapis.com/auth/drive';

/** What an access token proves. */
export interface Grant {
  clientId: string;
  scope: string;
}

export interface PendingCode extends Grant {
  redirectUri: string;
  challenge?: string;
  challengeMethod?: string;
  expiresAt: number;
}

export interface DeviceLogin extends Grant {
  userCode: string;
  state: 'pending' | 'approved' | 'denied';
  intervalMs: number;
  lastPollAt: number;
  expiresAt: number;
}

interface OauthRecord {
  clients: Record<string, { secret: string }>;
  refreshTokens: Record<string, Grant & { revoked: boolean }>;
  accessTokens: Record<string, Grant & { expiresAt: number; refreshToken: string }>;
  codes: Record<string, PendingCode>;
  devices: Record<string, DeviceLogin>;
}

export interface Accounts {
  addClient(id: string, secret: string): void;
  addRefreshToken(token: string, grant: Grant): void;
  clientSecret(id: string): string | undefined;
  clientIds(): string[];
  newRefreshToken(grant: Grant): string;
  /** The grant of a refresh token that is still good. */
  refreshGrant(token: string): Grant | undefined;
  newAccessToken(grant: Grant, refreshToken: string, seconds: number): string;
  accessGrant(token: string): Grant | undefined;
  revokeRefreshToken(token: string): boolean;
  revokeAll(): number;
  /** Make every access token end now: the next request of each client answers 401. */
  expireAccessTokens(): number;
  addCode(code: PendingCode): string;
  takeCode(code: string): PendingCode | undefined;
  addDevice(login: DeviceLogin): string;
  device(code: string): DeviceLogin | undefined;
  saveDevice(code: string, login: DeviceLogin | undefined): void;
  decideDevice(userCode: string, state: 'approved' | 'denied'): boolean;
}

export function openAccounts(dir: string, clock: Clock, newToken: () => string): Accounts {
  const path = join(dir, 'oauth.json');
  const empty: OauthRecord = { clients: {}, refreshTokens: {}, accessTokens: {}, codes: {}, devices: {} };
  const record = readJson<OauthRecord>(path, empty);
  const save = () => writeJson(path, record);

  function revokeRefreshToken(token: string): boolean {
    const known = record.refreshTokens[token];
    if (!known || known.revoked) {
      return false;
    }
    known.revoked = true;
    for (const [access, { refreshToken }] of Object.entries(record.accessTokens)) {
      if (refreshToken === token) {
        delete record.accessTokens[access];
      }
    }
    save();
    return true;
  }

  function forgetExpired(): void {
    for (const group of [record.accessTokens, record.codes, record.devices] as Record<
      string,
      { expiresAt: number }
    >[]) {
      for (const [key, { expiresAt }] of Object.entries(group)) {
        if (expiresAt <= clock.now()) {
          delete group[key];
        }
      }
    }
  }

  function addCode(code: PendingCode): string {
    const text = `4/${newToken()}`;
    record.codes[text] = code;
    save();
    return text;
  }

  return {
    addClient(id, secret) {
      record.clients[id] = { secret };
      save();
    },
    addRefreshToken(token, { clientId, scope }) {
      record.refreshTokens[token] ??= { clientId, scope, revoked: false };
      save();
    },
    clientSecret: (id) => record.clients[id]?.secret,
    clientIds: () => Object.keys(record.clients),
    newRefreshToken(grant) {
      const token = `1//${newToken()}`;
      record.refreshTokens[token] = { clientId: grant.clientId, scope: grant.scope, revoked: false };
      save();
      return token;
    },
    refreshGrant(token) {
      const known = record.refreshTokens[token];
      return known && !known.revoked ? { clientId: known.clientId, scope: known.scope } : undefined;
    },
    newAccessToken({ clientId, scope }, refreshToken, seconds) {
      const token = `ya29.${newToken()}`;
      forgetExpired();
      record.accessTokens[token] = { clientId, scope, refreshToken, expiresAt: clock.now() + seconds * 1000 };
      save();
      return token;
    },
    accessGrant(token) {
      const known = record.accessTokens[token];
      return known && known.expiresAt > clock.now() ? known : undefined;
    },
    revokeRefreshToken,
    revokeAll: () => Object.keys(record.refreshTokens).filter(revokeRefreshToken).length,
    expireAccessTokens() {
      const count = Object.keys(record.accessTokens).length;
      record.accessTokens = {};
      save();
      return count;
    },
    addCode,
    takeCode(code) {
      const pending = record.codes[code];
      delete record.codes[code];
      save();
      return pending && pending.expiresAt > clock.now() ? pending : undefined;
    },
    addDevice(login) {
      const code = newToken();
      record.devices[code] = login;
      save();
      return code;
    },
    device: (code) => record.devices[code],
    saveDevice(code, login) {
      if (login) {
        record.devices[code] = login;
      } else {
        delete record.devices[code];
      }
      save();
    },
    decideDevice(userCode, state) {
      const login = Object.values(record.devices).find((candidate) => candidate.userCode === userCode);
      if (!login) {
        return false;
      }
      login.state = state;
      save();
      return true;
    },
  };
}
