import { AdaptiveLimiter, aimd, fair, fifo, type Permit } from "@breakwater/limiter";
import type { Outcome } from "@breakwater/core";
import type { Simulation } from "@breakwater/sim";
import type { SimulatedServer } from "./server.ts";
import { noAnswer, Score } from "./score.ts";
import type { Strategy } from "./strategy.ts";

/** A request on its way: what it asks for, whose it is, and who wants to know. */
export interface Attempt {
  readonly endpoint: string;
  readonly session: number;
  readonly answered: (status: number) => void;
}

/** Takes an attempt, or refuses it: then the limits are reached. `isForced`: not the host's. */
export interface Route {
  send(attempt: Attempt, isForced?: boolean): boolean;
}

const queueLimit = 100_000;

// dialogue's status maps, reference/limiter.md 4.7: a 500 or 429 is the endpoint's business, anything worse the host's.
function hostOutcome(status: number): Outcome {
  if (status === 429 || status === 500) return "neutral";
  return status === noAnswer || status > 500 ? "failure" : "success";
}

function endpointOutcome(status: number): Outcome {
  if (status === 429 || status === 500) return "failure";
  return status === noAnswer || status > 500 ? "neutral" : "success";
}

export function aimdOf(sim: Simulation, isFair = false): AdaptiveLimiter {
  return new AdaptiveLimiter({
    strategy: aimd({ initial: 20, increase: "per-round-trip", decrease: "per-call", backoffRatio: 0.9 }),
    maxLimit: 1e6,
    queueLimit,
    queue: isFair ? fair() : fifo(),
    clock: sim.clock,
    random: sim.random,
  });
}

/**
 * One server as one client sees it: a limit for the host, which refuses; behind it one for each endpoint, which lets wait;
 * and a score. Both limits are our AIMD.
 */
export class Target implements Route {
  readonly server: SimulatedServer;
  readonly score: Score;
  readonly #sim: Simulation;
  readonly #strategy: Strategy;
  readonly #giveUpMs: number;
  readonly #host: AdaptiveLimiter;
  readonly #endpoints = new Map<string, AdaptiveLimiter>();

  constructor(sim: Simulation, server: SimulatedServer, strategy: Strategy, usualMs: number) {
    this.#sim = sim;
    this.server = server;
    this.#strategy = strategy;
    this.#giveUpMs = strategy.patience * usualMs;
    this.#host = aimdOf(sim);
    this.score = new Score(sim);
  }

  send(attempt: Attempt, isForced = false): boolean {
    const { isLimited } = this.#strategy;
    const permit = isLimited && !isForced ? this.#host.tryAcquire() : undefined;
    if (isLimited && !isForced && permit === undefined) return false;
    this.score.begin();
    const answered = (status: number): void => {
      this.score.end(status);
      permit?.release(hostOutcome(status));
      attempt.answered(status);
    };
    if (isLimited) this.#enter(attempt, answered);
    else this.#transmit(attempt.endpoint, answered);
    return true;
  }

  #enter({ endpoint, session }: Attempt, answered: (status: number) => void): void {
    const limiter = this.#limiterOf(endpoint);
    const go = (permit: Permit): void =>
      this.#transmit(endpoint, (status) => {
        permit.release(endpointOutcome(status));
        answered(status);
      });
    const permit = limiter.tryAcquire();
    if (permit !== undefined) go(permit);
    // A full queue is no answer either; none of the scenarios fills it.
    else limiter.acquire({ key: session }).then(go, () => answered(noAnswer));
  }

  #transmit(endpoint: string, answered: (status: number) => void): void {
    let isOpen = true;
    const settle = (status: number): void => {
      if (!isOpen) return;
      isOpen = false;
      timer?.cancel();
      answered(status);
    };
    const timer = this.#giveUpMs < Infinity ? this.#sim.setTimer(() => settle(noAnswer), this.#giveUpMs) : undefined;
    this.server.send(endpoint, settle);
  }

  #limiterOf(endpoint: string): AdaptiveLimiter {
    const known = this.#endpoints.get(endpoint);
    if (known !== undefined) return known;
    const limiter = aimdOf(this.#sim, this.#strategy.isFair);
    this.#endpoints.set(endpoint, limiter);
    return limiter;
  }
}
