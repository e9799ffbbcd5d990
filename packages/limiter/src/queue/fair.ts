import { checkFunction, type Call} from "@breakwater/core";
import type { Ask } from "../ask.ts";
import { Buckets, type Bucket } from "./buckets.ts";
import type { QueueDiscipline, QueuePolicy } from "./discipline.ts";

/**
 * Fair across keys: each key gets the same share of the turns, however many of its callers wait.
 *
 * The problem: first come, first served gives each *caller* the same, so whoever sends a thousand at once is served a
 * thousand times before the one who sends one.
 *
 * The idea, start-time fair queueing: a virtual clock shows how much each key has had. A key's line carries the time at
 * which its next turn starts; a turn of weight w moves it on by w / share, and the line with the earliest time is next. The
 * clock itself shows the start of the turn served last, and a key that comes (back) starts there: it has neither saved up
 * nor lost anything while it was away.
 *
 * Source: Goyal, Vin and Cheng, Start-time Fair Queuing (1996). Deficit round robin gives the same shares with bursts of
 * a quantum, and needs a quantum.
 */
class Fair implements QueueDiscipline {
  readonly reorders = true;
  readonly judgesByTime = false;
  readonly #keys: Buckets<unknown>;
  readonly #shareOf: (key: unknown) => number;
  readonly #keyOfCall: ((call: Call) => unknown) | undefined;
  #virtualTime = 0;

  constructor({ keyOf, shareOf = () => 1 }: FairOptions) {
    this.#keyOfCall = keyOf;
    this.#shareOf = shareOf;
    this.#keys = new Buckets<unknown>(
      (ask) => ask.key,
      (line) => this.#rank(line),
    );
  }

  get size(): number {
    return this.#keys.size;
  }

  push(waiting: Ask): void {
    this.#keys.push(waiting);
  }

  peek(): Ask | undefined {
    return this.#keys.peek();
  }

  remove(waiting: Ask): boolean {
    return this.#keys.remove(waiting);
  }

  served(ask: Ask): void {
    const line = this.#keys.get(ask.key);
    if (line === undefined) return;
    this.#virtualTime = line.rank;
    line.rank += ask.weight / line.share; // it is removed next, which moves the line to its place
  }

  keyOf(call: Call): unknown {
    return this.#keyOfCall?.(call);
  }

  victim(newcomer: Ask): Ask | undefined {
    let longest: Bucket<unknown> | undefined;
    let length = this.#keys.get(newcomer.key)?.size ?? 0;
    for (const line of this.#keys) {
      if (line.size <= length) continue;
      longest = line;
      length = line.size;
    }
    return longest?.peekNewest();
  }

  // Asks the user's function when the first of a key joins: if it throws, that caller is told, and nothing has changed.
  #rank(line: Bucket<unknown>): number {
    if (line.share === 0) line.share = this.#share(line.key);
    return Math.max(line.rank, this.#virtualTime);
  }

  #share(key: unknown): number {
    const share = this.#shareOf(key);
    if (share > 0 && share < Infinity) return share;
    throw new RangeError(`shareOf must answer a number above 0, got ${share}`);
  }
}

export interface FairOptions {
  /** Whom a call is counted under, compared like the keys of a `Map`. Default: all that give no `key` are one. */
  readonly keyOf?: ((call: Call) => unknown) | undefined;
  /** How much a key gets, compared with others; above 0. Default 1 for each. */
  readonly shareOf?: ((key: unknown) => number) | undefined;
}

/**
 * Each key in its turn (`key` from the options of `acquire` and `run`, or `keyOf` of the call), first come, first served
 * within a key. Evicts the newest of the key that waits most, unless that is the newcomer's.
 *
 * @throws TypeError naming the option and the value.
 */
export function fair(options: FairOptions = {}): QueuePolicy {
  const { keyOf, shareOf } = options;
  if (keyOf !== undefined) checkFunction("keyOf", keyOf);
  if (shareOf !== undefined) checkFunction("shareOf", shareOf);
  return () => new Fair({ keyOf, shareOf });
}
