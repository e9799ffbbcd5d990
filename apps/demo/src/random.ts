/**
 * Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough to choose which requests fail, and the same
 * sequence for the same seed everywhere.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), bits | 61)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Which of the requests 0..count-1 fail, decided up front so that the order of events cannot change it. */
export function chooseFailing(count: number, failRate: number, seed: number): ReadonlySet<number> {
  const random = seededRandom(seed);
  const failing = new Set<number>();
  for (let id = 0; id < count; id += 1) {
    if (random() < failRate) failing.add(id);
  }
  return failing;
}
