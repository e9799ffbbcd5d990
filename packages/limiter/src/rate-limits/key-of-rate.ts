import type { Decision } from "./decision.ts";
import type { KeyedRateLimiter, RateKey } from "./keyed-rate-limiter.ts";
import type { UnionMember } from "./union.ts";

/** One key of a keyed limiter, as a part of a union. Holds nothing but the two, so it is made for each request. */
export class KeyOfRate implements UnionMember {
  readonly limiter: KeyedRateLimiter;
  readonly key: RateKey;

  constructor(limiter: KeyedRateLimiter, key: RateKey) {
    this.limiter = limiter;
    this.key = key;
  }

  get name(): string | undefined {
    return this.limiter.name;
  }

  check(weight?: number): Decision {
    return this.limiter.check(this.key, weight);
  }

  take(weight?: number): Decision {
    return this.limiter.take(this.key, weight);
  }

  refund(weight?: number): void {
    this.limiter.refund(this.key, weight);
  }

  isSame(other: UnionMember): boolean {
    return other instanceof KeyOfRate && other.limiter === this.limiter && Object.is(other.key, this.key);
  }
}
