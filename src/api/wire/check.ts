/**
 * A line of `GET` and `POST /strata/system/check`: progress and findings as they come, then one summary. A check that fails on its way ends
 * with `error` instead, as docker's streams do.
 */
export interface CheckMessage {
  progress?: CheckProgress;
  finding?: CheckFinding;
  summary?: CheckSummary;
  error?: string;
}

export type CheckStepName = 'database' | 'snapshots' | 'blobs' | 'images' | 'containers';

export interface CheckProgress {
  step: CheckStepName;
  /** Of `total`, in bytes for blobs and in things otherwise. */
  done: number;
  total: number;
}

/**
 * - `damaged`: something is there and is not what it should be
 * - `missing`: something that is recorded, or that something else needs, is not there
 * - `orphan`: something is there that nothing needs and nothing in progress is making
 */
export type FindingKind = 'damaged' | 'missing' | 'orphan';

export interface CheckFinding {
  step: CheckStepName;
  kind: FindingKind;
  /** A digest, a path, an id. */
  subject: string;
  text: string;
  /** What to do, for people; a command where there is one. Absent when a repair does it. */
  remedy?: string;
  /** A repair can put it right. */
  repairable: boolean;
  /** This check was a repair, and it has put it right. */
  repaired: boolean;
}

export interface CheckSummary {
  findings: number;
  repaired: number;
  /** What was looked at. */
  checked: { snapshots: number; blobs: number; blobBytes: number; images: number; containers: number };
  /** What no image needs and the next collection removes: no fault. Of an interrupted pull, for example. */
  unused: { blobs: number; snapshots: number; bytes: number };
}
