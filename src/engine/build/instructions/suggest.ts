const FARTHEST = 2;
const OPTIONS_LOOKED_AT = 1000;

/**
 * The option that somebody who wrote `word` may have meant; undefined when none is near, or when the word is one of them.
 * @param options the first thousand are looked at
 */
export function nearest(word: string, options: Iterable<string>, { ignoreCase = false } = {}): string | undefined {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  let best: { option: string; distance: number } | undefined;
  let looked = 0;
  for (const option of options) {
    looked += 1;
    if (looked > OPTIONS_LOOKED_AT) break;
    if (Math.abs(option.length - word.length) > FARTHEST) continue;
    const distance = distanceOf(fold(word), fold(option));
    if (distance === 0) return undefined;
    if (distance <= FARTHEST && distance < (best?.distance ?? Infinity)) best = { option, distance };
  }
  return best?.option;
}

/** `text (did you mean x?)` */
export function withSuggestion(text: string, word: string, options: Iterable<string>, how?: { ignoreCase?: boolean }): string {
  const option = nearest(word, options, how);
  return option === undefined ? text : `${text} (did you mean ${option}?)`;
}

/** Levenshtein's, within a band around the diagonal: what is farther is of no interest. */
function distanceOf(a: string, b: string): number {
  const far = FARTHEST + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = new Array<number>(b.length + 1).fill(far);
    next[0] = i;
    let least = i;
    for (let j = Math.max(1, i - far); j <= Math.min(b.length, i + far); j += 1) {
      const changed = (row[j - 1] ?? far) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const value = Math.min(changed, (row[j] ?? far) + 1, (next[j - 1] ?? far) + 1);
      next[j] = value;
      least = Math.min(least, value);
    }
    if (least > FARTHEST) return far;
    row = next;
  }
  return row[b.length] ?? far;
}
