import { Fifo, FifoNode } from "@breakwater/core";
import type { AdaptiveLimiter } from "@breakwater/limiter";
import type { Random, Simulation } from "@breakwater/sim";
import { noAnswer } from "./score.ts";
import type { Attempt, Route, Target } from "./target.ts";

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const own = [...items];
  for (let last = own.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const item = own[last];
    const chosen = own[other];
    if (item === undefined || chosen === undefined) throw new Error("bug: a hole in the list");
    own[last] = chosen;
    own[other] = item;
  }
  return own;
}

// A busy server whose limit is reached is still worth waiting for if the next one is so many times worse.
const busyFrom = 5;
const worseBy = 2;

/** The server with the best score whose limit is not reached, but none that is far worse; which of equals is left to chance. */
export class Balanced implements Route {
  readonly #targets: readonly Target[];
  readonly #random: Random;

  constructor(targets: readonly Target[], random: Random) {
    this.#targets = targets;
    this.#random = random;
  }

  send(attempt: Attempt, isForced = false): boolean {
    if (this.#targets.length === 1) return this.#targets[0]?.send(attempt, isForced) ?? false;
    const scored = shuffled(this.#targets, this.#random).map((target) => ({ target, score: target.score.value }));
    scored.sort((one, other) => one.score - other.score);
    let worst = Infinity;
    for (const { target, score } of scored) {
      if (score > worst) return false;
      if (target.send(attempt, isForced)) return true;
      if (target.score.inProgress > busyFrom) worst = Math.min(worst, worseBy * score);
    }
    return false;
  }
}

const reshuffleMs = 600_000;

/** The same server until it fails; not even its limit makes the client change. Every ten minutes the order is drawn anew. */
export class Pinned implements Route {
  readonly #sim: Simulation;
  readonly #random: Random;
  readonly #everyMs: number;
  #targets: readonly Target[];
  #pin = 0;
  #reshuffleAt: number;

  constructor(sim: Simulation, targets: readonly Target[], random: Random) {
    this.#sim = sim;
    this.#random = random;
    this.#targets = shuffled(targets, random);
    this.#everyMs = reshuffleMs + 60_000 * (random() - 0.5);
    this.#reshuffleAt = sim.now() + this.#everyMs;
  }

  send(attempt: Attempt, isForced = false): boolean {
    if (this.#sim.now() >= this.#reshuffleAt) {
      this.#targets = shuffled(this.#targets, this.#random);
      this.#reshuffleAt = this.#sim.now() + this.#everyMs;
    }
    const pin = this.#pin;
    const answered = (status: number): void => {
      if ((status === noAnswer || status >= 500) && this.#pin === pin) this.#pin = (pin + 1) % this.#targets.length;
      attempt.answered(status);
    };
    return this.#targets[pin]?.send({ ...attempt, answered }, isForced) ?? false;
  }
}

/**
 * A sticky session has a limit of its own, which any answer raises and a refusal further on lowers. If nothing of the
 * session is in progress, nobody would wake it: its first request passes the host's limit.
 */
export class Session implements Route {
  readonly #limiter: AdaptiveLimiter;
  readonly #next: Route;

  constructor(limiter: AdaptiveLimiter, next: Route) {
    this.#limiter = limiter;
    this.#next = next;
  }

  send(attempt: Attempt): boolean {
    const permit = this.#limiter.tryAcquire();
    if (permit === undefined) return false;
    const answered = (status: number): void => {
      permit.release("success");
      attempt.answered(status);
    };
    if (this.#next.send({ ...attempt, answered }, this.#limiter.inUse === 1)) return true;
    permit.release("failure");
    return false;
  }
}

class Waiting extends FifoNode {
  readonly attempt: Attempt;

  constructor(attempt: Attempt) {
    super();
    this.attempt = attempt;
  }
}

/** Whoever is refused waits in line; the line is tried again when something has been answered. */
export class Line {
  readonly #next: Route;
  readonly #waiting = new Fifo<Waiting>();

  constructor(next: Route) {
    this.#next = next;
  }

  send(attempt: Attempt): void {
    const answered = (status: number): void => {
      attempt.answered(status);
      this.#wake();
    };
    const own = { ...attempt, answered };
    if (this.#waiting.size === 0 && this.#next.send(own)) return;
    this.#waiting.push(new Waiting(own));
    this.#wake();
  }

  #wake(): void {
    for (let head = this.#waiting.peek(); head !== undefined; head = this.#waiting.peek()) {
      if (!this.#next.send(head.attempt)) return;
      this.#waiting.remove(head);
    }
  }
}
