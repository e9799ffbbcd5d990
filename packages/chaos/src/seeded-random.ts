/**
 * Numbers that look random, and are the same for the same seed, on every machine.
 *
 * Source: mulberry32 by Tommy Ettinger (2017, public domain). 32 bits of state and five operations a number, in whole-number
 * arithmetic only, so no platform rounds it differently. Its period is 2^32 and it is no secret: right for choosing which
 * calls to hurt, wrong for keys. A generator with more state was left out: nobody draws four thousand million times in a test.
 *
 * @returns a function that gives numbers from 0 (included) to 1 (excluded)
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
