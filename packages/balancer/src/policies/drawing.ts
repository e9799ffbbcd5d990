/** A whole number from 0 to below `count`. Of a `random` that breaks its contract it makes 0. */
export function drawIndex(random: () => number, count: number): number {
  const index = Math.floor(random() * count);
  return index >= 0 && index < count ? index : 0;
}

/** The element there, which is known to be. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`bug: nothing at ${index}`);
  return item;
}
