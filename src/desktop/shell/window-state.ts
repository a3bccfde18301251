import { readFileSync, renameSync, writeFileSync } from 'node:fs';

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where the window was. Without a position it is centred. */
export interface WindowState {
  width: number;
  height: number;
  position?: { x: number; y: number };
  maximized: boolean;
}

export const MINIMUM = { width: 720, height: 480 } as const;
const FIRST: WindowState = { width: 1120, height: 740, maximized: false };

/**
 * Reads what a file says, which may be from another version, another screen, or damaged: sizes are brought within bounds, and a
 * position from which the window could not be grasped on any of the screens is forgotten. Pure.
 */
export function parseWindowState(text: string, screens: readonly Rectangle[]): WindowState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return FIRST;
  }
  if (typeof value !== 'object' || value === null) return FIRST;
  const { width, height, position, maximized } = value as Record<string, unknown>;
  const largest = (side: 'width' | 'height'): number => Math.max(MINIMUM[side], ...screens.map((screen) => screen[side]));
  const size = {
    width: bounded(width, MINIMUM.width, largest('width')) ?? FIRST.width,
    height: bounded(height, MINIMUM.height, largest('height')) ?? FIRST.height,
  };
  const at = asPosition(position);
  return { ...size, maximized: maximized === true, ...(at !== undefined && graspable({ ...at, ...size }, screens) ? { position: at } : {}) };
}

export function loadWindowState(file: string, screens: readonly Rectangle[]): WindowState {
  try {
    return parseWindowState(readFileSync(file, 'utf8'), screens);
  } catch {
    return FIRST;
  }
}

/** Synchronous: it is called while the app may be quitting, which waits for nobody. */
export function saveWindowState(file: string, state: WindowState): void {
  const temporary = `${file}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(state)}\n`);
  renameSync(temporary, file);
}

function asPosition(value: unknown): { x: number; y: number } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { x, y } = value as Record<string, unknown>;
  return Number.isSafeInteger(x) && Number.isSafeInteger(y) ? { x: x as number, y: y as number } : undefined;
}

/** At least a hand's breadth of the title bar is on a screen. */
function graspable(window: Rectangle, screens: readonly Rectangle[]): boolean {
  const HAND = 100;
  return screens.some((screen) => window.x + window.width >= screen.x + HAND && window.x <= screen.x + screen.width - HAND && window.y >= screen.y && window.y <= screen.y + screen.height - HAND);
}

function bounded(value: unknown, low: number, high: number): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? Math.round(Math.min(high, Math.max(low, value))) : undefined;
}
