/**
 * The worker's side: it answers when the primary asks, and tells unasked what must not be lost with it.
 *
 * Counters that fall look like a restart to a scraper, so what a worker counted has to outlive it, and a worker that is
 * killed says nothing more. Hence it pushes its counters and histograms every second, and once more when it exits. A
 * push reads no gauge: their readers belong to the program, and some of them answer for the time since they were last
 * read. It is put off while the one before is under way, and takes at most a hundredth of the worker's time. At its exit a
 * process can send no more than its channel takes at once, some 200 KB; `stop` waits until all has gone.
 *
 * Thousands of series take tens of milliseconds to read and write. So that is done in slices, and requests have their turns
 * in between; only `flush` and the exit do it in one go.
 *
 * Questions that piled up while the worker was busy get one answer, to the last of them: the others are history.
 */
import { checkNumber, systemClock, warn, type Clock, type Timer } from "@breakwater/core";
import type { MessagePort } from "node:worker_threads";
import type { Collection } from "../collection.ts";
import type { Metrics } from "../metrics.ts";
import { finish, type Steps } from "../snapshot/steps.ts";
import { lastingSteps, takeSteps } from "../snapshot/take.ts";
import type { Snapshot } from "../snapshot.ts";
import { inSlices } from "./in-slices.ts";
import { encodeSteps, type Message } from "./messages.ts";
import { uplinkOf, type Uplink } from "./uplink.ts";

export interface PublishOptions {
  /** Our end of a channel whose other end was given to `ClusterMetrics#add`. Default: the channel to the parent. */
  readonly port?: MessagePort | undefined;
  /** How often counters and histograms are told unasked. What a killed worker counted after that is lost. Default 1000. */
  readonly pushEveryMs?: number | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

export interface Publication {
  /** Whether there is a primary to publish to. False when the program runs alone, and after `stop`. */
  readonly isActive: boolean;
  /** Tells the primary what was counted until now, and resolves when it is on its way. */
  flush(): Promise<void>;
  /** The last flush: after it nothing is answered, and no listener or timer is left. Call it before you disconnect. */
  stop(): Promise<void>;
}

/**
 * Lets the primary of this worker, of `node:cluster` or `worker_threads`, have what these metrics show. Without a primary
 * it does nothing, so that the same program runs alone. Keeps no process or thread alive.
 *
 * @throws TypeError or RangeError naming the option and its value; Error when this worker publishes something already,
 * which the primary could not tell from it.
 */
export function publishMetrics(metrics: Metrics, options: PublishOptions = {}): Publication {
  const { port, pushEveryMs = 1000, clock = systemClock } = options;
  checkNumber("pushEveryMs", pushEveryMs, { min: 1 });
  return new Publisher(metrics, port, pushEveryMs, clock);
}

const shareOfTime = 0.01;

/** Whether the channel to the parent has its publication. */
let isTaken = false;

class Publisher implements Publication {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #pushEveryMs: number;
  #uplink: Uplink | undefined;
  #timer: Timer | undefined = undefined;
  #takes = false;
  #isSending = false;
  #work: Promise<void> = Promise.resolve();
  #toldAtOnce = 0;
  #asked = 0;
  #answered = 0;

  constructor(metrics: Metrics, port: MessagePort | undefined, pushEveryMs: number, clock: Clock) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#pushEveryMs = pushEveryMs;
    if (port === undefined && isTaken) throw new Error("this worker publishes already: stop that first, or give it a port of its own");
    this.#uplink = uplinkOf(port, (message) => this.#receive(message));
    if (this.#uplink === undefined) return;
    this.#takes = port === undefined;
    if (this.#takes) isTaken = true;
    this.#send({ type: "hello" });
    this.#pushIn(pushEveryMs);
    process.on("exit", this.#onExit);
  }

  get isActive(): boolean {
    return this.#uplink !== undefined;
  }

  flush(): Promise<void> {
    return new Promise((resolve) => this.#tellAtOnce(resolve));
  }

  async stop(): Promise<void> {
    const flushed = this.flush();
    const uplink = this.#uplink;
    this.#uplink = undefined;
    this.#timer?.cancel();
    process.off("exit", this.#onExit);
    try {
      await flushed;
    } finally {
      uplink?.close();
      if (this.#takes) isTaken = false;
      this.#takes = false;
    }
  }

  #receive(message: Message): void {
    if (message.type === "who") this.#send({ type: "hello" });
    if (message.type !== "collect") return;
    this.#asked = message.id;
    setImmediate(this.#answer); // after all that came with it
  }

  readonly #answer = (): void => {
    this.#next(async () => {
      const id = this.#asked;
      if (this.#answered === id) return;
      this.#answered = id;
      const { text } = await this.#read(takeSteps);
      this.#send({ type: "snapshot", id, text });
    });
  };

  readonly #push = (): void => {
    this.#next(async () => {
      let workMs = 0;
      try {
        if (!this.#isSending) workMs = await this.#sendLasting();
      } finally {
        if (this.#uplink !== undefined) this.#pushIn(Math.max(this.#pushEveryMs, workMs / shareOfTime));
      }
    });
  };

  async #sendLasting(): Promise<number> {
    const { text, workMs } = await this.#read(lastingSteps);
    this.#isSending = true;
    this.#send({ type: "lasting", text }, () => (this.#isSending = false));
    return workMs;
  }

  /** In slices; all over again when something newer was told meanwhile, or the primary would take the older for the newer. */
  async #read(steps: (collection: Collection) => Steps<Snapshot>): Promise<{ readonly text: string; readonly workMs: number }> {
    let workMs = 0;
    for (;;) {
      const told = this.#toldAtOnce;
      const read = await inSlices(this.#textSteps(steps), this.#clock);
      workMs += read.workMs;
      if (told === this.#toldAtOnce) return { text: read.result, workMs };
    }
  }

  *#textSteps(steps: (collection: Collection) => Steps<Snapshot>): Steps<string> {
    return yield* encodeSteps(steps(this.#metrics.collection()));
  }

  // Nothing can wait for turns of the event loop at the exit.
  readonly #tellAtOnce = (sent?: () => void): void => {
    this.#toldAtOnce += 1;
    this.#send({ type: "lasting", text: finish(this.#textSteps(lastingSteps)) }, sent);
  };

  readonly #onExit = (): void => this.#tellAtOnce();

  #pushIn(ms: number): void {
    this.#timer = this.#clock.setTimer(this.#push, ms);
    this.#timer.unref();
  }

  #send(message: Message, sent: () => void = () => undefined): void {
    if (this.#uplink === undefined) sent();
    else this.#uplink.send(message, sent);
  }

  /** One after the other, so that what is sent later has counted later. An error here would end the worker. */
  #next(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch(warn);
  }
}
