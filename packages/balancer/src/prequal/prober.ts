import type { Candidate, PolicyContext } from "../policies/policy.ts";
import type { LoadAnswer } from "./load-probe.ts";
import type { PrequalRules } from "./options.ts";

/**
 * Sends probes, and hands over the answers that come in time.
 *
 * One that has not answered yet is not asked again until it has, or until that probe's time is over. So there are never more probes on
 * their way than endpoints, however many calls there are and however long an endpoint hangs.
 */
export class Prober<State> {
  readonly #rules: PrequalRules;
  readonly #context: PolicyContext;
  readonly #answered: (candidate: Candidate<State>, answer: LoadAnswer) => void;
  /** Probes on their way. */
  readonly #asked = new Map<Candidate<State>, AbortController>();

  constructor(rules: PrequalRules, context: PolicyContext, answered: (candidate: Candidate<State>, answer: LoadAnswer) => void) {
    this.#rules = rules;
    this.#context = context;
    this.#answered = answered;
  }

  /** Whoever else was asked has left, and what it would answer is not wanted. */
  keep(there: ReadonlySet<Candidate<State>>): void {
    for (const [candidate, controller] of this.#asked) if (!there.has(candidate)) this.#giveUp(candidate, controller);
  }

  ask(candidate: Candidate<State>): void {
    if (!this.#asked.has(candidate)) void this.#probe(candidate);
  }

  async #probe(candidate: Candidate<State>): Promise<void> {
    const controller = new AbortController();
    this.#asked.set(candidate, controller);
    const stopTimer = this.#context.after(this.#rules.probeTimeoutMs, () => this.#giveUp(candidate, controller));
    try {
      const answer = await this.#rules.probe(candidate.value, controller.signal);
      if (!controller.signal.aborted && isAnswer(answer)) this.#answered(candidate, answer);
    } catch {
      // An endpoint that does not answer is not in the pool, which is all that it means.
    } finally {
      stopTimer();
      this.#forget(candidate, controller);
    }
  }

  #giveUp(candidate: Candidate<State>, controller: AbortController): void {
    this.#forget(candidate, controller);
    controller.abort();
  }

  /** A probe that ignores its signal may end when the next one is on its way already. */
  #forget(candidate: Candidate<State>, controller: AbortController): void {
    if (this.#asked.get(candidate) === controller) this.#asked.delete(candidate);
  }
}

function isAnswer({ inFlight, latencyMs }: LoadAnswer): boolean {
  return inFlight >= 0 && latencyMs >= 0;
}
