import { Fifo, FifoNode, RejectedError } from "@breakwater/core";
import { BrokenLawError, permitLaws, runLaws, type Held, type Law, type MakeSubject, type Subject, type SubjectOptions } from "@breakwater/sim";
import { describe, expect, it } from "vitest";

class Waiting extends FifoNode {
  readonly resolve: (held: Held) => void;
  readonly reject: (error: unknown) => void;
  readonly clean: () => void;
  readonly deadlineAt: number | undefined;

  constructor(resolve: (held: Held) => void, reject: (error: unknown) => void, clean: () => void, deadlineAt: number | undefined) {
    super();
    this.resolve = resolve;
    this.reject = reject;
    this.clean = clean;
    this.deadlineAt = deadlineAt;
  }
}

type Fault = "barges" | "mints" | "loses on abort" | "forgets timers" | "forgets the place of work that throws" | "wraps reasons" | "lifo" | "hangs on close" | "ignores deadlines";

/** A semaphore as one would write it in an evening, right, or wrong in one way. */
class Evening implements Subject {
  readonly #options: SubjectOptions;
  readonly #fault: Fault | undefined;
  readonly #queue = new Fifo<Waiting>();
  #inUse = 0;
  #isClosed = false;

  constructor(options: SubjectOptions, fault?: Fault) {
    this.#options = options;
    this.#fault = fault;
  }

  tryAcquire(): Held | undefined {
    if (this.#inUse >= this.#options.capacity || (this.#queue.size > 0 && this.#fault !== "barges")) return undefined;
    return this.#grant();
  }

  acquire({ signal, deadlineAt }: { signal?: AbortSignal; deadlineAt?: number }): Promise<Held> {
    if (signal?.aborted === true) return Promise.reject(this.#reason(signal));
    if (this.#isClosed) return Promise.reject(new RejectedError("ERR_CLOSED", "closed", { reason: "closed" }));
    const held = this.tryAcquire();
    if (held !== undefined) return Promise.resolve(held);
    return new Promise((resolve, reject) => {
      const leave = (error: unknown): void => {
        if (!this.#queue.remove(waiting)) return;
        waiting.clean();
        if (this.#fault === "loses on abort") this.#inUse += 1;
        reject(error);
      };
      const abort = (): void => leave(this.#reason(signal));
      const waitMs = (deadlineAt ?? Infinity) - this.#options.clock.now();
      const timer = this.#fault === "ignores deadlines" ? undefined : this.#options.clock.setTimer(() => leave(new RejectedError("ERR_LATE", "late", { reason: "timeout" })), waitMs);
      const waiting = new Waiting(resolve, reject, () => {
        if (this.#fault !== "forgets timers") timer?.cancel();
        if (signal !== undefined) listeners.get(signal)?.delete(abort);
        if (signal !== undefined && listeners.get(signal)?.size === 0) signal.removeEventListener("abort", hubs.get(signal) ?? abort);
      }, deadlineAt);
      if (signal !== undefined) listen(signal, abort);
      this.#queue.push(waiting);
    });
  }

  async run<T>(work: () => T | PromiseLike<T>, { signal }: { signal?: AbortSignal }): Promise<T> {
    const held = await this.acquire(signal === undefined ? {} : { signal });
    if (this.#fault === "forgets the place of work that throws") {
      const value = await work();
      held.release();
      return value;
    }
    try {
      return await work();
    } finally {
      held.release();
    }
  }

  inUse = (): number => this.#inUse;
  waiting = (): number => this.#queue.size;

  close(): void {
    this.#isClosed = true;
    if (this.#fault === "hangs on close") return;
    for (const waiting of this.#queue) {
      this.#queue.remove(waiting);
      waiting.clean();
      waiting.reject(new RejectedError("ERR_CLOSED", "closed", { reason: "closed" }));
    }
  }

  #reason(signal: AbortSignal | undefined): unknown {
    return this.#fault === "wraps reasons" ? new Error("aborted", { cause: signal?.reason }) : signal?.reason;
  }

  #grant(): Held {
    this.#inUse += 1;
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld && this.#fault !== "mints") return;
        isHeld = false;
        this.#inUse -= 1;
        if (this.#fault === "barges") queueMicrotask(() => queueMicrotask(() => this.#serve()));
        else this.#serve();
      },
    };
  }

  #serve(): void {
    while (this.#inUse < this.#options.capacity) {
      const waiting = this.#fault === "lifo" ? this.#queue.peekNewest() : this.#queue.peek();
      if (waiting === undefined) return;
      this.#queue.remove(waiting);
      waiting.clean();
      const { deadlineAt } = waiting;
      if (deadlineAt !== undefined && deadlineAt <= this.#options.clock.now()) waiting.reject(new RejectedError("ERR_LATE", "late", { reason: "timeout" }));
      else waiting.resolve(this.#grant());
    }
  }
}

const listeners = new WeakMap<AbortSignal, Set<() => void>>();
const hubs = new WeakMap<AbortSignal, () => void>();

function listen(signal: AbortSignal, listener: () => void): void {
  const set = listeners.get(signal) ?? new Set();
  listeners.set(signal, set);
  if (set.size === 0) {
    const hub = (): void => {
      for (const each of [...set]) each();
    };
    hubs.set(signal, hub);
    signal.addEventListener("abort", hub);
  }
  set.add(listener);
}

async function broken(laws: readonly Law[]): Promise<string[]> {
  const names: string[] = [];
  for (const law of laws) {
    try {
      await law.check();
    } catch (error) {
      expect(error).toBeInstanceOf(BrokenLawError);
      names.push(law.name);
    }
  }
  return names;
}

const lawsOf = (fault?: Fault): Law[] => {
  const make: MakeSubject = (options) => new Evening(options, fault);
  const clock = { now: () => 0, setTimer: () => ({ cancel: () => undefined, unref: () => undefined }) };
  return [...permitLaws(make), ...runLaws(() => new Evening({ clock, capacity: 1 }, fault))];
};

describe("the laws", () => {
  it("are kept by a semaphore that is right", async () => {
    expect(await broken(lawsOf())).toEqual([]);
  });

  it.each([
    ["barges", "a newcomer cannot take what was freed for one who waits"],
    ["mints", "giving back twice mints nothing"],
    ["loses on abort", "an abort at any moment has one outcome and loses nothing"],
    ["forgets timers", "a wait ends at its deadline, behind others too, and leaves no timer"],
    ["ignores deadlines", "a wait ends at its deadline, behind others too, and leaves no timer"],
    ["forgets the place of work that throws", "errors pass through as they are, thrown or rejected, whatever they are"],
    ["wraps reasons", "an aborted signal is refused though there is room"],
    ["lifo", "those who wait are served in order, also after some have left"],
    ["hangs on close", "closing settles everybody, once, with a refusal"],
  ] as const)("catch one that %s", async (fault, law) => {
    expect(await broken(lawsOf(fault))).toContain(law);
  });
});
