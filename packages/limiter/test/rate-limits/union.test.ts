import { isRejected } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gcra, KeyedRateLimiter, LimiterRejectedError, RateLimiter, union } from "@breakwater/limiter";
import { errorOf } from "../helpers.ts";

function made() {
  const clock = new ManualClock();
  const all = new RateLimiter({ name: "all", algorithm: gcra({ limit: 5, perMs: 1000 }), clock });
  const perUser = new KeyedRateLimiter({ name: "user", algorithm: gcra({ limit: 2, perMs: 1000 }), clock });
  return { clock, all, perUser, of: (user: string) => union(perUser.of(user), all) };
}

describe("union", () => {
  it("B18: takes from all or from none, and says the longest wait", () => {
    const { all, perUser, of } = made();
    expect(of("ada").take(2)).toMatchObject({ allowed: true, limit: 2, remaining: 0 });
    expect(of("ada").take()).toMatchObject({ allowed: false, limit: 2, retryAfterMs: 500 });
    expect(all.check().remaining).toBe(3);
    all.take(3);
    all.take();
    expect(of("bob").take()).toMatchObject({ allowed: false, limit: 5, retryAfterMs: 200 });
    expect(perUser.check("bob").remaining).toBe(2);
    expect(of("ada").check()).toMatchObject({ retryAfterMs: 500 });
  });

  it("B18: the same limiter, or the same key, twice takes twice", () => {
    const { all, perUser } = made();
    const twice = union(all, perUser.of("ada"), all, perUser.of("ada"), perUser.of("bob"));
    expect(twice.take().allowed).toBe(true);
    expect([all.check().remaining, perUser.check("ada").remaining, perUser.check("bob").remaining]).toEqual([3, 0, 1]);
    twice.refund();
    expect([all.check().remaining, perUser.check("ada").remaining, perUser.check("bob").remaining]).toEqual([5, 2, 2]);
  });

  it("whoever comes in whichever order, nothing is taken for a refusal", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("ada", "bob", "cyd"), fc.integer({ min: 1, max: 3 }), fc.nat(400)), { maxLength: 40 }), (calls) => {
        const { clock, all, perUser, of } = made();
        for (const [user, weight, afterMs] of calls) {
          clock.advance(afterMs);
          const before = [all.check(0).remaining, perUser.check(user, 0).remaining];
          const { allowed } = of(user).take(weight);
          const left = [all.check(0).remaining, perUser.check(user, 0).remaining];
          expect(left).toEqual(allowed ? before.map((count) => count - weight) : before);
        }
      }),
    );
  });

  it("does work now or refuses it, alone and as a layer", async () => {
    const { of } = made();
    const ada = of("ada");
    expect(await ada.run(() => 7, {}, { weight: 2 })).toBe(7);
    const error = await errorOf(ada.layer(async () => 1)("in", {}));
    expect(isRejected(error)).toBe(true);
    expect(error).toBeInstanceOf(LimiterRejectedError);
    expect(error).toMatchObject({ reason: "rate", retryAfterMs: 500, source: "user, all" });
    const reason = new Error("gone");
    expect(await errorOf(of("bob").run(() => 1, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(() => union()).toThrow("union needs at least one limiter");
  });
});
