import type { StartPhase } from '../../api/machine.ts';

/** The phases that the guest tells itself. */
export const GUEST_PHASES = ['kernel', 'init', 'data-disk', 'network', 'ssh', 'engine'] as const satisfies readonly StartPhase[];
export type GuestPhase = (typeof GUEST_PHASES)[number];

/** One thing that the guest has said on its control port. */
export type GuestReport =
  | { readonly kind: 'phase'; readonly phase: GuestPhase; readonly state: 'begin' | 'end' | 'failed'; readonly uptimeMs?: number; readonly message?: string }
  | { readonly kind: 'poweroff' };

/** What the host may ask of the guest, one JSON line each. */
export type GuestCommand = { readonly command: 'poweroff' } | { readonly command: 'time'; readonly epochMs: number } | { readonly command: 'trim' };

const STATES = ['begin', 'end', 'failed'] as const;
const MESSAGE_LIMIT = 500;

/**
 * What a line from the guest says; undefined for anything that is not one of the known reports. The guest is not trusted:
 * containers run as root in it. Never throws.
 */
export function parseGuestReport(line: string): GuestReport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Partial<Record<'phase' | 'state' | 'uptimeMs' | 'message' | 'event', unknown>>;
  if (fields.event === 'poweroff') return { kind: 'poweroff' };
  const phase = GUEST_PHASES.find((known) => known === fields.phase);
  const state = STATES.find((known) => known === fields.state);
  if (phase === undefined || state === undefined) return undefined;
  return {
    kind: 'phase', phase, state,
    ...(typeof fields.uptimeMs === 'number' && Number.isFinite(fields.uptimeMs) && fields.uptimeMs >= 0 ? { uptimeMs: Math.round(fields.uptimeMs) } : {}),
    ...(typeof fields.message === 'string' && fields.message !== '' ? { message: printable(fields.message).slice(0, MESSAGE_LIMIT) } : {}),
  };
}

/** Text from the guest for a person's terminal: control characters, which could move the cursor or hide text, become spaces. */
export function printable(text: string): string {
   
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '').replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').trim();
}
