import type { Call } from "@breakwater/core";
import { at, drawIndex } from "../policies/drawing.ts";
import type { Candidate, Policy, PolicyContext, Selector, Strategy } from "../policies/policy.ts";
import { retryAfterOf } from "../policies/retry-after.ts";
import { readPrequal, type PrequalOptions, type PrequalRules } from "./options.ts";
import { ProbePool, type Aversion } from "./probe-pool.ts";
import { Prober } from "./prober.ts";

/*
 * How it works, and why.
 *
 * A client knows its own calls only. With a thousand clients each has next to none in flight, and "fewest of mine" says nothing. So the
 * servers are asked: each pick sends probes to some endpoints drawn at random, and chooses among the answers to earlier probes. No
 * call waits for a probe. Where there are fewer than two answers an endpoint is drawn at random.
 *
 * An answer is used up: it is thrown away when it is old, when it was used so often that it no longer says anything, and, one for each
 * pick, the oldest and the worst in turn, so that the pool is not left with bad ones. In a small fleet each endpoint has its place
 * instead, until it answers again. Using one counts one more in flight there.
 *
 * An endpoint that fails is quick and has little in flight, so it looks best: after a failure it is the last choice for a while.
 *
 * Wydrowski et al., "Load is not what you should balance: Introducing Prequal" (NSDI 2024). Not there: probes while nobody picks.
 */

class PrequalSelector implements Selector<Aversion> {
  readonly #rules: PrequalRules;
  readonly #context: PolicyContext;
  readonly #pool: ProbePool;
  #candidates: readonly Candidate<Aversion>[] = [];
  readonly #prober: Prober<Aversion>;
  #owed = 0;

  constructor(rules: PrequalRules, context: PolicyContext) {
    this.#rules = rules;
    this.#context = context;
    this.#pool = new ProbePool(rules, context.random);
    this.#prober = new Prober<Aversion>(rules, context, (candidate, answer) => this.#pool.add(candidate, answer, context.now()));
  }

  changed(candidates: readonly Candidate<Aversion>[]): void {
    this.#candidates = candidates;
    const there = new Set(candidates);
    this.#pool.keep(there);
    this.#prober.keep(there);
  }

  choose(_: Call, now: number): Candidate<Aversion> {
    this.#pool.expire(now);
    const chosen = this.#fromPool(now) ?? this.#anybody(now);
    this.#sendProbes();
    return chosen;
  }

  /** One at random; where that one has just failed, another. */
  #anybody(now: number): Candidate<Aversion> {
    const count = this.#candidates.length;
    const first = drawIndex(this.#context.random, count);
    const one = at(this.#candidates, first);
    if (now >= one.state.until) return one;
    return at(this.#candidates, (first + 1 + drawIndex(this.#context.random, count - 1)) % count);
  }

  #fromPool(now: number): Candidate<Aversion> | undefined {
    if (this.#pool.size < 2) return undefined;
    const best = this.#pool.best(now);
    if (best !== undefined) this.#pool.use(best, now);
    return best?.candidate;
  }

  #sendProbes(): void {
    this.#owed += this.#rules.probesPerPick;
    const count = Math.min(Math.floor(this.#owed), this.#candidates.length);
    this.#owed %= 1;
    for (const index of this.#draw(count)) this.#prober.ask(at(this.#candidates, index));
  }

  /** So many indices, no two the same: Floyd's way, which needs no copy of the list. */
  #draw(count: number): readonly number[] {
    const drawn: number[] = [];
    for (let end = this.#candidates.length - count + 1; end <= this.#candidates.length; end += 1) {
      const index = drawIndex(this.#context.random, end);
      drawn.push(drawn.includes(index) ? end - 1 : index);
    }
    return drawn;
  }
}

const maxRetryAfterMs = 300_000;

class PrequalStrategy implements Strategy<Aversion> {
  readonly #rules: PrequalRules;
  readonly #context: PolicyContext;

  constructor(rules: PrequalRules, context: PolicyContext) {
    this.#rules = rules;
    this.#context = context;
  }

  newState(): Aversion {
    return { until: -Infinity };
  }

  selector(): Selector<Aversion> {
    return new PrequalSelector(this.#rules, this.#context);
  }

  loadOf({ pending }: Candidate<Aversion>): number {
    return pending;
  }

  failed({ state }: Candidate<Aversion>, _: number, error: unknown, now: number): void {
    state.until = Math.max(state.until, now + Math.max(this.#rules.failurePenaltyMs, retryAfterOf(error, maxRetryAfterMs)));
  }
}

/**
 * By what the endpoints say of themselves, asked ahead by probes. For many clients of which each sends little; one that sees all
 * traffic gains nothing over {@link peakEwma}, and pays for the probes. The other half is {@link LoadProbe}.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function prequal<T>(options: PrequalOptions<T>): Policy {
  const rules = readPrequal(options);
  return { name: "prequal", readsClock: true, strategy: (context) => new PrequalStrategy(rules, context) };
}
