/**
 * Colours and weights in program output: the "select graphic rendition" sequences of ECMA-48 (`ESC [ … m`), with the 256-colour and
 * 24-bit forms of ITU-T T.416. Every other escape sequence is taken out. Gives text and styles only, never markup.
 */
export interface Style {
  /** 0 to 255: a palette entry; a string: `#rrggbb`. */
  foreground?: number | string;
  background?: number | string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
}

export interface Segment {
  text: string;
  style: Style;
}

export const PLAIN: Style = Object.freeze({});

// CSI sequences, OSC sequences (ended by BEL or ST), two-character escapes, and control characters that have no shape (tab stays).
const SEQUENCE = /\u001b\[([0-9;:?<=>!]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Splits a line at its style changes. @param from the style that the line before has ended with */
export function parseLine(line: string, from: Style = PLAIN): { segments: Segment[]; end: Style } {
  const segments: Segment[] = [];
  let style = from;
  let at = 0;
  const add = (text: string): void => { if (text !== '') segments.push({ text, style }); };
  for (const match of line.matchAll(SEQUENCE)) {
    add(line.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === 'm') style = applyCodes(style, match[1] ?? '');
  }
  add(line.slice(at));
  return { segments, end: style };
}

/** The line without any sequence. */
export function plainText(line: string): string {
  return line.replace(SEQUENCE, '');
}

function applyCodes(before: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)));
  let style: Style = { ...before };
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) style = {};
    else if (code === 38 || code === 48) {
      const { colour, used } = extendedColour(codes.slice(index + 1));
      index += used;
      if (colour !== undefined) style = { ...style, [code === 38 ? 'foreground' : 'background']: colour };
    } else style = applyCode(style, code);
  }
  return style;
}

function applyCode(style: Style, code: number): Style {
  if (code >= 30 && code <= 37) return { ...style, foreground: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, foreground: code - 82 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 92 };
  const { foreground, background, bold, dim, ...rest } = style;
  const keep = { ...(foreground === undefined ? {} : { foreground }), ...(background === undefined ? {} : { background }) };
  const weight = { ...(bold ? { bold } : {}), ...(dim ? { dim } : {}) };
  switch (code) {
    case 1: return { ...style, bold: true };
    case 2: return { ...style, dim: true };
    case 3: return { ...style, italic: true };
    case 4: return { ...style, underline: true };
    case 7: return { ...style, inverse: true };
    case 9: return { ...style, strike: true };
    case 22: return { ...rest, ...keep };
    case 23: return { ...style, italic: false };
    case 24: return { ...style, underline: false };
    case 27: return { ...style, inverse: false };
    case 29: return { ...style, strike: false };
    case 39: return { ...rest, ...weight, ...(background === undefined ? {} : { background }) };
    case 49: return { ...rest, ...weight, ...(foreground === undefined ? {} : { foreground }) };
    default: return style;
  }
}

/** `5;n` or `2;r;g;b` (the T.416 form with an empty colour space, `2::r:g:b`, too). */
function extendedColour(codes: readonly number[]): { colour: number | string | undefined; used: number } {
  if (codes[0] === 5) return { colour: inByte(codes[1]), used: 2 };
  if (codes[0] !== 2) return { colour: undefined, used: 0 };
  const [red, green, blue] = [codes[1], codes[2], codes[3]].map(inByte);
  if (red === undefined || green === undefined || blue === undefined) return { colour: undefined, used: 4 };
  return { colour: `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`, used: 4 };
}

function inByte(value: number | undefined): number | undefined {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 255 ? value : undefined;
}

/** Palette entries from 16 on have fixed colours; the first 16 are the theme's. */
export function paletteColour(index: number): string {
  if (index >= 232) return grey(8 + (index - 232) * 10);
  const cube = index - 16;
  const level = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
  const parts = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level);
  return `rgb(${parts.join(' ')})`;
}

function grey(value: number): string {
  return `rgb(${value} ${value} ${value})`;
}
