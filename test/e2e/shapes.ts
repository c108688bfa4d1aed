// What an owner's script may rely on in `haven … --json`: only the fields that these tests look at.

export interface Backup {
  id: string;
  source: string;
  guid: string;
  parts: number;
  streamBytes: number;
  streamSha256: string;
  storedBytes: number;
}

export interface RunSummary<Result> {
  run: string;
  outcome: string;
  exit: number;
  error: { code: string; message: string } | null;
  result: Result | null;
}

export type BackupRun = RunSummary<{ backups: Backup[] }>;

export interface Verdict {
  pass: boolean;
  sentence: string;
  sources: {
    pass: boolean;
    checks: { name: string; pass: boolean; detail: string }[];
    evidence: {
      fetched: { ok: boolean; reason?: string };
      received: { ok: boolean; value?: { scrub: { errors: number }; tools: Record<string, string> } };
      compared: {
        ok: boolean;
        value?: { entries: number; files: number; bytes: number; mismatches: number };
      };
    };
  }[];
}

export type DrillRun = RunSummary<Verdict>;

export interface Listing {
  backups: Backup[];
  incomplete: { id: string; parts: number }[];
}

export interface StoredFile {
  id: string;
  name: string;
  trashed: boolean;
  size: string;
}
