import { describeLayer, noCall, type Call, type Guard, type Service, type Work } from "@breakwater/core";
import { LimiterRejectedError } from "../errors.ts";
import type { Decision } from "./decision.ts";
import { readWeight, type RateWeight } from "./options.ts";

/** What can be part of a union: a `RateLimiter`, or one key of a `KeyedRateLimiter`. */
export interface UnionMember {
  readonly name: string | undefined;
  check(weight?: number): Decision;
  take(weight?: number): Decision;
  refund(weight?: number): void;
  /** @internal */
  isSame(other: UnionMember): boolean;
}

interface Part {
  readonly member: UnionMember;
  readonly times: number;
}

/**
 * Several limiters as one: all of them admit, or nothing is taken from any. Made in a moment, so make one for each request where
 * its parts are keys: `union(perUser.of(user), perAddress.of(address), everybody)`.
 *
 * All are asked before anything is taken, in one turn of the event loop, in which nobody else can come between. It never
 * waits: for that put one limiter inside the other's algorithm with `allOf` and `shared`.
 */
export class RateUnion {
  readonly #parts: readonly Part[];

  /** @internal Use {@link union}. */
  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** What {@link take} would say, without taking: the decision of the one with the longest wait, or else the least left. */
  check(weight = 1): Decision {
    return this.#parts.map(({ member, times }) => member.check(times * weight)).reduce(stricter);
  }

  /** Takes it from all, or from none. */
  take(weight = 1): Decision {
    readWeight(weight);
    const checked = this.check(weight);
    if (!checked.allowed) return checked;
    return this.#parts.map(({ member, times }) => member.take(times * weight)).reduce(stricter);
  }

  /** Gives back to all. */
  refund(weight = 1): void {
    for (const { member, times } of this.#parts) member.refund(times * weight);
  }

  /** Does the work now or not at all. Rejects with {@link LimiterRejectedError} (`ERR_LIMITER_REJECTED`), reason `rate`. */
  async run<T>(work: Work<T>, call: Call = noCall, { weight = 1 }: RateWeight = {}): Promise<T> {
    call.signal?.throwIfAborted();
    const { allowed, limit, retryAfterMs } = this.take(weight);
    if (allowed) return work(call);
    const source = this.#parts.map(({ member }) => member.name ?? "unnamed").join(", ");
    const after = retryAfterMs < Infinity ? retryAfterMs : undefined;
    throw new LimiterRejectedError(`one of the rate limiters ${source} has nothing left`, { reason: "rate", limit, source, retryAfterMs: after });
  }

  /** {@link run} as a layer. */
  get layer(): Guard {
    return describeLayer(
      <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
      (input, call) => this.run(() => next(input, call), call),
      { kind: "rate-limiters" },
    );
  }
}

function stricter(one: Decision, other: Decision): Decision {
  if (one.retryAfterMs !== other.retryAfterMs) return other.retryAfterMs > one.retryAfterMs ? other : one;
  return other.remaining < one.remaining ? other : one;
}

/**
 * All or nothing over several limiters. One that is named twice is asked for twice the weight.
 *
 * @throws TypeError without any.
 */
export function union(...members: readonly UnionMember[]): RateUnion {
  if (members.length === 0) throw new TypeError("union needs at least one limiter, got none");
  const parts = members
    .filter((member, index) => members.findIndex((other) => member.isSame(other)) === index)
    .map((member) => ({ member, times: members.filter((other) => member.isSame(other)).length }));
  return new RateUnion(parts);
}
