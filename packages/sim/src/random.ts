/** A number from 0 (included) to 1 (excluded), as `Math.random` gives it. */
export type Random = () => number;

/** Draws a value, e.g. a service time in ms, from random numbers. */
export type Distribution = (random: Random) => number;

/** sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes BigCrush, the same on every machine. */
export function randomFrom(seed: number): Random {
  let a = seed | 0;
  let b = 0x9e3779b9 | 0;
  let c = 0x243f6a88 | 0;
  let counter = 1;
  const draw = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 16; i += 1) draw(); // the seed reaches all of the state
  return draw;
}

/** FNV-1a of a text, 32 bits: near texts give far seeds. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}

/** Always the same. */
export function constant(value: number): Distribution {
  return () => value;
}

/** Memoryless: many short ones, a few long ones. The 99th percentile is 4.6 times the mean. */
export function exponential(mean: number): Distribution {
  return (random) => -mean * Math.log(1 - random());
}

/** Everything between the two alike. */
export function uniform(from: number, to: number): Distribution {
  return (random) => from + (to - from) * random();
}

/** One of the two: the second in `ratio` of the cases. Each may be a distribution. */
export function bimodal(often: Distribution, seldom: Distribution, ratio: number): Distribution {
  return (random) => (random() < ratio ? seldom : often)(random);
}

/** One of the values given, each as likely: a measured sample, replayed. */
export function sampled(values: readonly number[]): Distribution {
  if (values.length === 0) throw new RangeError("values must hold at least one number");
  const own = [...values];
  return (random) => own[Math.floor(random() * own.length)] ?? 0;
}
