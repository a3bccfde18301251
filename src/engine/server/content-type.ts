/**
 * The offered media type that a client likes best (RFC 9110 §12.5.1); the first where it names none of them. Pure.
 * @param accept the header `Accept`
 */
export function negotiateType<T extends string>(accept: string | undefined, offers: readonly [T, ...T[]]): T {
  const wishes = (accept ?? '').split(',').flatMap((part) => {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const quality = Number(/^q=(.*)$/.exec(parameters.find((text) => text.startsWith('q=')) ?? '')?.[1] ?? 1);
    return range === '' || !(quality > 0) ? [] : [{ range, quality: Math.min(quality, 1) }];
  });
  let best: { offer: T; quality: number; exact: number } | undefined;
  for (const offer of offers) {
    for (const { range, quality } of wishes) {
      const exact = range === offer ? 2 : range === `${offer.split('/')[0] ?? ''}/*` ? 1 : range === '*/*' ? 0 : -1;
      if (exact === -1 || (best && (quality < best.quality || (quality === best.quality && exact <= best.exact)))) continue;
      best = { offer, quality, exact };
    }
  }
  return best?.offer ?? offers[0];
}
