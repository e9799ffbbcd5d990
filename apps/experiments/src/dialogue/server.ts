import type { Simulation } from "@breakwater/sim";

/**
 * A server of the dialogue simulations: it answers everything, after a time and with a status that depend on how much it
 * has in progress. It has no queue: a request over its capacity makes all slower, or is answered with an error.
 *
 * The time is drawn when the request comes, the status when the answer goes; both count the request itself. The model is
 * palantir/dialogue's, `simulation/.../SimulationServer`.
 */
export interface Behaviour {
  readonly statusOf: (active: number, endpoint: string) => number;
  readonly tookMs: (active: number) => number;
}

export interface ServerPlan {
  /** When clients are told of it. Default 0. */
  readonly appearsAtMs?: number;
  readonly behaviour: Behaviour;
  /** What changes, and when: in order. */
  readonly later?: readonly { readonly fromMs: number; readonly behaviour: Behaviour }[];
}

/** Answers with this status, always. */
export const always = (status: number) => (): number => status;

/** 200, unless more than `capacity` are in progress. */
export const upTo = (capacity: number, otherwise: number) => (active: number): number => (active > capacity ? otherwise : 200);

/** Takes twice as long at capacity as alone, and five times as long above. */
export const linear = (bestMs: number, capacity: number) => (active: number): number =>
  active > capacity ? 5 * bestMs : bestMs * (1 + active / capacity);

/** Always takes the same time. */
export const steady = (ms: number) => (): number => ms;

export class SimulatedServer {
  readonly plan: ServerPlan;
  readonly #sim: Simulation;
  active = 0;
  /** Answers given, errors included. */
  answers = 0;

  constructor(sim: Simulation, plan: ServerPlan) {
    this.#sim = sim;
    this.plan = plan;
  }

  /** It comes in when the answers that are due at this moment have gone. */
  send(endpoint: string, answered: (status: number) => void): void {
    this.#sim.setTimer(() => this.#serve(endpoint, answered), 0);
  }

  #serve(endpoint: string, answered: (status: number) => void): void {
    const { statusOf, tookMs } = this.#behaviour();
    this.active += 1;
    this.#sim.setTimer(() => {
      const status = statusOf(this.active, endpoint);
      this.active -= 1;
      this.answers += 1;
      answered(status);
    }, tookMs(this.active));
  }

  #behaviour(): Behaviour {
    const now = this.#sim.now();
    return this.plan.later?.findLast(({ fromMs }) => now >= fromMs)?.behaviour ?? this.plan.behaviour;
  }
}

const tickMs = 5_000;
const decayPerTick = 1 - Math.exp(-tickMs / 60_000);

/** Events a second, an exponential mean over a minute in steps of 5 s: Codahale's meter, by which a server limits its rate. */
export class MinuteRate {
  #sinceTick = 0;
  #perSecond: number | undefined;
  #tickedAt = 0;

  read(now: number): number {
    for (; now - this.#tickedAt > tickMs; this.#tickedAt += tickMs) this.#tick();
    return this.#perSecond ?? 0;
  }

  mark(now: number): void {
    this.read(now);
    this.#sinceTick += 1;
  }

  #tick(): void {
    const rate = (1000 * this.#sinceTick) / tickMs;
    this.#perSecond = this.#perSecond === undefined ? rate : this.#perSecond + decayPerTick * (rate - this.#perSecond);
    this.#sinceTick = 0;
  }
}
