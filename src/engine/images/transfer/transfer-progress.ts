import type { Digest } from '../../content/digest.ts';

/** Where one layer stands on its way in. Bytes are of the blob as it travels. */
export type LayerArrival =
  | { phase: 'queued' | 'waiting' | 'verifying' | 'downloaded' | 'complete' | 'exists' }
  | { phase: 'downloading' | 'extracting'; current: number; total: number }
  | { phase: 'retrying'; seconds: number };

/** What a pull tells while it runs, as values; who asked turns them into words. */
export type PullProgress =
  | { kind: 'source'; path: string; tag: string }
  | { kind: 'layer'; digest: Digest; arrival: LayerArrival }
  | { kind: 'warning'; text: string }
  | { kind: 'digest'; digest: Digest }
  /** Last of all: what was asked for, and whether anything here is new. */
  | { kind: 'done'; name: string; changed: boolean };

/** Where one layer stands on its way out. */
export type LayerDeparture =
  | { phase: 'preparing' | 'waiting' | 'pushed' | 'exists' }
  | { phase: 'pushing'; current: number; total: number }
  | { phase: 'mounted'; from: string };

export type PushProgress =
  | { kind: 'target'; repository: string }
  /** Layers are shown by what they are unpacked, whatever they travel as. */
  | { kind: 'layer'; diffId: Digest; departure: LayerDeparture }
  | { kind: 'done'; tag: string; digest: Digest; size: number };
