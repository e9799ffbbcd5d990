import { Fifo, FifoNode, checkNumber } from "@breakwater/core";
import type { Distribution, Random } from "./random.ts";
import type { Simulation } from "./simulation.ts";

export interface ServerOptions {
  /** How many jobs it works on at a time: a whole number from 1. */
  readonly slots: number;
  /** How long a job takes, in ms. */
  readonly serviceMs: Distribution;
  /** How many jobs may stand in its own queue; more are turned away with {@link ServerFailure}. Default Infinity. */
  readonly queueLimit?: number | undefined;
  /** Tells its random numbers from those of other servers. Default `server`. */
  readonly name?: string | undefined;
}

/** The server's own queue was full, or it is down. It stands for a 503 of the far side, so it is no `RejectedError`. */
export class ServerFailure extends Error {
  static {
    this.prototype.name = "ServerFailure";
  }
}

class Job extends FifoNode {
  readonly arrivedAt: number;
  readonly factor: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;

  constructor(arrivedAt: number, factor: number, resolve: () => void, reject: (error: unknown) => void) {
    super();
    this.arrivedAt = arrivedAt;
    this.factor = factor;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/**
 * The far side: so many slots, one queue, first come first served, and it works on whatever it has taken, whether
 * anybody still waits for the answer or not. Its speed and its slots can be changed while it runs, and it can fall over.
 */
export class Server {
  readonly #sim: Simulation;
  readonly #random: Random;
  readonly #queue = new Fifo<Job>();
  readonly #queueLimit: number;
  readonly #working = new Set<Job>();
  #serviceMs: Distribution;
  #slots: number;
  #isDown = false;
  /** Jobs finished. */
  served = 0;
  /** How long the job that was started last had stood in the queue, in ms. */
  queueDelayMs = 0;

  constructor(sim: Simulation, { slots, serviceMs, queueLimit = Infinity, name = "server" }: ServerOptions) {
    this.#sim = sim;
    this.#random = sim.stream(name);
    this.#slots = checkNumber("slots", slots, { min: 1, integer: true });
    this.#queueLimit = checkNumber("queueLimit", queueLimit, { integer: true });
    this.#serviceMs = serviceMs;
  }

  get working(): number {
    return this.#working.size;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /**
   * Resolves when the job is done. `factor` makes this one job longer or shorter than others.
   *
   * Rejects with {@link ServerFailure}; with a TypeError when `factor` is no number.
   */
  readonly serve = (factor = 1): Promise<void> =>
    new Promise((resolve, reject) => {
      checkNumber("factor", factor, { max: Number.MAX_VALUE }); // `run(server.serve)` would hand it the call
      if (this.#isDown) { reject(new ServerFailure("the server is down")); return; }
      if (this.#working.size >= this.#slots && this.#queue.size >= this.#queueLimit) {
        reject(new ServerFailure("the server's queue is full")); return;
      }
      this.#queue.push(new Job(this.#sim.now(), factor, resolve, reject));
      this.#work();
    });

  /** More or fewer slots, from now on; work in progress goes on. */
  resize(slots: number): void {
    this.#slots = checkNumber("slots", slots, { min: 1, integer: true });
    this.#work();
  }

  /** Another speed, for the jobs that start from now on. */
  setServiceMs(serviceMs: Distribution): void {
    this.#serviceMs = serviceMs;
  }

  /** Everything in progress and in the queue fails at once, and so does what comes, until {@link recover}. */
  crash(): void {
    this.#isDown = true;
    const jobs = [...this.#working, ...this.#queue];
    this.#working.clear();
    while (this.#queue.shift() !== undefined);
    for (const job of jobs) job.reject(new ServerFailure("the server went down"));
  }

  /** It is up again. With a cold cache jobs take `coldFactor` times as long at first, less and less, until `warmMs`. */
  recover({ coldFactor = 1, warmMs = 0 }: { readonly coldFactor?: number; readonly warmMs?: number } = {}): void {
    this.#isDown = false;
    const warm = this.#serviceMs;
    const since = this.#sim.now();
    if (warmMs <= 0) return;
    this.#serviceMs = (random) => {
      const left = Math.max(0, 1 - (this.#sim.now() - since) / warmMs);
      return warm(random) * (1 + (coldFactor - 1) * left);
    };
  }

  #work(): void {
    while (this.#working.size < this.#slots) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#start(job);
    }
  }

  #start(job: Job): void {
    this.#working.add(job);
    this.queueDelayMs = this.#sim.now() - job.arrivedAt;
    this.#sim.setTimer(() => this.#finish(job), this.#serviceMs(this.#random) * job.factor);
  }

  #finish(job: Job): void {
    if (!this.#working.delete(job)) return; // it went down with the server
    this.served += 1;
    job.resolve();
    this.#work();
  }
}
