import { checkFunction, checkNumber, describeLayer, noCall, type Call, type Guard, type Service, type Work } from "@breakwater/core";
import { checkLimit, readOptions, type AcquireOptions, type LimiterOptions, type RunOptions } from "../options.ts";
import type { Permit } from "../permit.ts";
import type { LimiterStats } from "../stats.ts";
import { Partition } from "./partition.ts";
import { SharedRoom } from "./shared-room.ts";

export interface PartitionOptions extends Omit<LimiterOptions, "name" | "clock" | "meter"> {
  /** What it is guaranteed of the limit, from 0 to 1; together at most 1. With 0 it has what nobody else wants. */
  readonly share: number;
  /** Whether others may use its share while it does not. False keeps it free. Default true. */
  readonly lends?: boolean | undefined;
}

export interface PartitionedLimiterOptions<Name extends string> extends LimiterOptions {
  /** How much may run at a time, in all partitions together: a whole number from 0, or Infinity. */
  readonly limit: number;
  /** By name. Each may have a queue of its own kind; what it leaves out is as the limiter's options say. */
  readonly partitions: Readonly<Record<Name, PartitionOptions>>;
  /** Which partition a call belongs to, for `run` and `layer`. */
  readonly partitionOf?: ((call: Call) => Name | undefined) | undefined;
  /** Where calls go that belong to none. Default the partition declared last. */
  readonly fallback?: NoInfer<Name> | undefined;
}

export interface PartitionedLimiterStats<Name extends string> {
  readonly limit: number;
  readonly inUse: number;
  readonly waiting: number;
  readonly partitions: Readonly<Record<Name, LimiterStats>>;
}

/**
 * One limit, divided: each partition is guaranteed its share, and may borrow what others leave unused.
 *
 * Take {@link partition} for the calls of one kind; it has everything that other limiters have. {@link layer} and
 * {@link run} choose it by the call.
 */
export class PartitionedLimiter<Name extends string> {
  readonly #room: SharedRoom;
  readonly #partitions: ReadonlyMap<Name, Partition>;
  readonly #partitionOf: (call: Call) => Name | undefined;
  readonly #fallback: Partition;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: PartitionedLimiterOptions<Name>) {
    const { partitions, partitionOf = () => undefined, fallback } = options;
    checkFunction("partitionOf", partitionOf);
    this.#room = new SharedRoom(checkLimit(options.limit));
    const names = Object.keys(partitions) as Name[]; // the keys of a Record<Name, ...>
    checkShares(partitions, names);
    this.#partitions = new Map(names.map((name) => [name, this.#make(name, options)]));
    this.#room.resize(options.limit);
    this.#partitionOf = partitionOf;
    const last = fallback ?? names.at(-1);
    const other = last === undefined ? undefined : this.#partitions.get(last);
    if (other === undefined) throw new RangeError(`fallback must be one of ${names.join(", ")}, got ${String(last)}`);
    this.#fallback = other;
  }

  get limit(): number {
    return this.#room.limit;
  }

  get stats(): PartitionedLimiterStats<Name> {
    const all = [...this.#partitions.values()];
    const sum = (read: (partition: Partition) => number): number => all.reduce((total, each) => total + read(each), 0);
    const entries = [...this.#partitions].map(([name, partition]) => [name, partition.stats] as const);
    return {
      limit: this.limit,
      inUse: sum(({ inUse }) => inUse),
      waiting: sum(({ waiting }) => waiting),
      // built from the names just above
      partitions: Object.fromEntries(entries) as Record<Name, LimiterStats>,
    };
  }

  /** @throws RangeError when there is none of that name. */
  partition(name: Name): Partition {
    const partition = this.#partitions.get(name);
    if (partition !== undefined) return partition;
    throw new RangeError(`there is no partition ${JSON.stringify(name)}; there are ${[...this.#partitions.keys()].join(", ")}`);
  }

  /** A permit of the call's partition, or undefined. See {@link Limiter.tryAcquire}. */
  tryAcquire(options: AcquireOptions = {}): Permit | undefined {
    return this.#choose(options).tryAcquire(options);
  }

  /** See {@link Limiter.acquire}. */
  acquire(options: AcquireOptions = {}): Promise<Permit> {
    try {
      return this.#choose(options).acquire(options);
    } catch (error) {
      return Promise.reject(error); // partitionOf threw
    }
  }

  /** See {@link Limiter.run}. */
  run<T>(work: Work<T>, call: Call = noCall, options?: RunOptions): Promise<T> {
    try {
      return this.#choose(call).run(work, call, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** {@link run} as a layer: fits round anything. */
  readonly layer: Guard = describeLayer(<In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> => {
    const services = new Map([...this.#partitions.values()].map((partition) => [partition, partition.layer(next)]));
    const fallback = this.#fallback.layer(next);
    return (input, call) => {
      try {
        return (services.get(this.#choose(call)) ?? fallback)(input, call);
      } catch (error) {
        return Promise.reject(error); // partitionOf threw
      }
    };
  }, { kind: "partitioned-limiter" });

  /** Changes the limit, and with it what the shares come to, and returns at once. See {@link ConcurrencyLimiter.resize}. */
  resize(limit: number): void {
    this.#room.resize(checkLimit(limit));
  }

  /** Closes all partitions. */
  close(reason?: unknown): void {
    for (const partition of this.#partitions.values()) partition.close(reason);
  }

  /** Resolves when all partitions have been idle once. */
  async idle(): Promise<void> {
    await Promise.all([...this.#partitions.values()].map((partition) => partition.idle()));
  }

  #choose(call: Call): Partition {
    const name = this.#partitionOf(call);
    return (name === undefined ? undefined : this.#partitions.get(name)) ?? this.#fallback;
  }

  #make(name: Name, options: PartitionedLimiterOptions<Name>): Partition {
    const { share, lends = true, ...own } = options.partitions[name];
    const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
    const settings = readOptions(options.limit, { ...options, ...given, name: nameOf(options.name, name) });
    return new Partition(settings, this.#room, share, lends);
  }
}

function nameOf(limiter: string | undefined, partition: string): string {
  return limiter === undefined ? partition : `${limiter}/${partition}`;
}

function checkShares(partitions: Readonly<Record<string, PartitionOptions>>, names: readonly string[]): void {
  if (names.length === 0) throw new RangeError("partitions must name at least one");
  const sum = names.reduce((total, name) => total + checkNumber(`partitions.${name}.share`, partitions[name]?.share, { max: 1 }), 0);
  if (sum > 1 + 1e-9) throw new RangeError(`the shares of partitions must be at most 1 together, got ${sum}`);
}
