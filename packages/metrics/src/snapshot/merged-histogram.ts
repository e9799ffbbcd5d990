import { Distribution } from "../distribution.ts";
import type { BucketSnapshot, DistributionSnapshot, ExemplarSnapshot, HistogramReading, SeriesSnapshot } from "../snapshot.ts";
import { lengthOf, ownOffset, packCounts } from "./counts.ts";
import { ExactSum } from "./exact-sum.ts";
import { later, numberOf, type Merged } from "./merged-series.ts";

type Read = Omit<SeriesSnapshot<HistogramReading>, "attributes">;

/** Histograms merge by adding counts; quantiles are made of the sum, by `summaryOf`. */
export class MergedHistogram implements Merged<HistogramReading> {
  readonly #windowsMs: readonly number[];
  readonly #lifetime = new MergedDistribution();
  readonly #windows = new Map<string, MergedDistribution>();
  #buckets: readonly BucketSnapshot[] | undefined = undefined;
  readonly #exemplars = new Map<string, ExemplarSnapshot>();

  constructor(windowsMs: readonly number[]) {
    this.#windowsMs = windowsMs;
    for (const ms of windowsMs) this.#windows.set(String(ms), new MergedDistribution());
  }

  add({ reading }: Read): void {
    const known = this.#buckets;
    this.#buckets = known === undefined ? reading.buckets : known.map(({ le, count }, index) => ({ le, count: count + (reading.buckets[index]?.count ?? 0) }));
    this.#lifetime.add(reading.lifetime);
    for (const ms of this.#windowsMs) {
      const window = reading.windows[ms];
      if (window !== undefined) this.#windows.get(String(ms))?.add(window);
    }
    for (const [bucket, exemplar] of Object.entries(reading.exemplars ?? {})) {
      this.#exemplars.set(bucket, later(this.#exemplars.get(bucket), exemplar) ?? exemplar);
    }
  }

  read(): Read {
    const windows = [...this.#windows].map(([ms, window]): [string, DistributionSnapshot] => [ms, window.read()]);
    const reading = { buckets: this.#buckets ?? [], lifetime: this.#lifetime.read(), windows: Object.fromEntries(windows) };
    if (this.#exemplars.size === 0) return { reading };
    return { reading: { ...reading, exemplars: Object.fromEntries(this.#exemplars) } };
  }
}

class MergedDistribution {
  readonly #samples = new Distribution();
  readonly #sum = new ExactSum();
  #seconds = 0;

  add(distribution: DistributionSnapshot): void {
    addSamples(this.#samples, distribution);
    this.#sum.add(numberOf(distribution.sum));
    distribution.rest?.forEach((part) => this.#sum.add(part));
    // Processes live side by side: the rate of all is the samples of all, over the time that the longest of them took.
    this.#seconds = Math.max(this.#seconds, distribution.seconds);
  }

  read(): DistributionSnapshot {
    const { offset, counts, zeros, count, min, max } = this.#samples;
    const { value: sum, rest } = this.#sum;
    const ends = count === 0 ? { min: NaN, max: NaN } : { min, max };
    return { scale: 4, ...packCounts(offset, counts), zeros, count, sum, ...(rest && { rest }), ...ends, seconds: this.#seconds };
  }
}

/** The samples of a snapshot, as what quantiles are made of. */
export function samplesOf(distribution: DistributionSnapshot): Distribution {
  const samples = new Distribution();
  addSamples(samples, distribution);
  return samples;
}

function addSamples(samples: Distribution, { offset, counts, zeros, count, sum, min, max }: DistributionSnapshot): void {
  if (count === 0) return;
  const first = ownOffset(offset);
  samples.addMoments(zeros, numberOf(sum), numberOf(min), numberOf(max));
  samples.cover(first, lengthOf(counts));
  let bucket = first;
  for (const each of counts) {
    if (each < 0) {
      bucket -= each;
    } else {
      samples.addCount(bucket, each);
      bucket += 1;
    }
  }
}
