import {
  codel,
  ConcurrencyLimiter,
  priority,
  PriorityCursor,
  queueDelay,
  Shedder,
  UpstreamCursor,
  type ConcurrencyLimiterOptions,
  type QueueDelay,
} from "@breakwater/limiter";
import type { Simulation } from "@breakwater/sim";
import { levels, workers, type Policy, type Task } from "./world.ts";

// DAGOR's: the mean wait of a window of 1 s or 2000 calls, against 20 ms; 5 % down, 1 % up.
const windowMs = 1_000;
const windowCalls = 2_000;
const maxDelayMs = 20;
const down = 0.05;
const up = 0.01;

// CoDel's.
const targetMs = 5;
const intervalMs = 100;

const refused = new Error("refused");

/** The queue before the workers: the real limiter. */
function queue(sim: Simulation, options: Partial<ConcurrencyLimiterOptions>): ConcurrencyLimiter {
  return new ConcurrencyLimiter({ limit: workers, queueLimit: Infinity, clock: sim.clock, ...options });
}

export const nothing: Policy = {
  name: "nothing",
  make: (sim, work) => {
    const limiter = queue(sim, {});
    return { call: () => limiter.run(work) };
  },
};

export const codelOnly: Policy = {
  name: "codel",
  make: (sim, work) => {
    const limiter = queue(sim, { queue: codel({ targetMs, intervalMs }) });
    return { call: () => limiter.run(work) };
  },
};

/** Judges calls at the door, and learns at the end of each window whether the queue behind it was too long. */
interface Door {
  admits(task: Task): boolean;
  readonly position?: number;
}

interface Windowed {
  admits(task: Task): boolean;
  endWindow(isOverloaded: boolean): void;
  readonly arrived: number;
}

/** The windows of a shedder, for doors that are none. */
function windowed(sim: Simulation, door: Windowed, isOverloaded: () => boolean): (task: Task) => boolean {
  let endsAt = windowMs;
  return (task) => {
    if (sim.now() >= endsAt || door.arrived >= windowCalls) {
      door.endWindow(isOverloaded());
      endsAt = sim.now() + windowMs;
    }
    return door.admits(task);
  };
}

/** A share of the calls, whichever: the same steps as the cursor's. */
class RandomDoor implements Windowed {
  readonly #random: () => number;
  #share = 1;
  arrived = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  admits(): boolean {
    this.arrived += 1;
    return this.#random() < this.#share;
  }

  endWindow(isOverloaded: boolean): void {
    this.#share = isOverloaded ? this.#share * (1 - down) : Math.min(1, this.#share + up);
    this.arrived = 0;
  }
}

/** The real cursor, which may move up by so much of the levels in a window. */
class CursorDoor implements Windowed {
  readonly #cursor: PriorityCursor;

  constructor(maxStepRatio: number) {
    this.#cursor = new PriorityCursor({ levels, decreaseRatio: down, increaseRatio: up, maxStepRatio });
  }

  get arrived(): number {
    return this.#cursor.arrived;
  }

  get position(): number {
    return this.#cursor.position;
  }

  admits({ level }: Task): boolean {
    return this.#cursor.admits(level);
  }

  endWindow(isOverloaded: boolean): void {
    this.#cursor.endWindow(isOverloaded);
  }
}

type MakeDoor = (sim: Simulation, signal: QueueDelay) => Door;

const randomDoor: MakeDoor = (sim, signal) => {
  const admits = windowed(sim, new RandomDoor(sim.random), () => signal.read() >= 1);
  return { admits };
};

const unboundedDoor: MakeDoor = (sim, signal) => {
  const door = new CursorDoor(1);
  const admits = windowed(sim, door, () => signal.read() >= 1);
  return { admits, get position() { return door.position; } };
};

const shedderDoor: MakeDoor = (sim, signal) => {
  const shedder = new Shedder({
    signals: [signal], levels, protectedLevels: 0, windowMs, windowCalls, decreaseRatio: down, increaseRatio: up, clock: sim.clock,
  });
  return { admits: ({ level }) => shedder.tryAdmit(level), get position() { return shedder.position; } };
};

/** A door before a queue. `isTold`: every answer carries the position, and the client believes it. */
function behind(makeDoor: MakeDoor, isTold: boolean): Policy["make"] {
  return (sim, work) => {
    const signal = queueDelay({ maxMs: maxDelayMs, of: "mean" });
    const door = makeDoor(sim, signal);
    const enter = timed(sim, queue(sim, {}), signal, work);
    const call = (task: Task): Promise<void> => (door.admits(task) ? enter() : Promise.reject(refused));
    if (!isTold) return { call };
    const upstream = new UpstreamCursor({ maxAgeMs: windowMs });
    const hear = (): void => upstream.hear(door.position ?? levels, sim.now());
    return { call: (task) => call(task).finally(hear), sends: ({ level }) => upstream.admits(level, sim.now()) };
  };
}

/** Through the queue, and the signal hears how long it took. */
function timed(sim: Simulation, limiter: ConcurrencyLimiter, signal: QueueDelay, work: () => Promise<void>): () => Promise<void> {
  return () => {
    const cameAt = sim.now();
    return limiter.run(() => {
      signal.record(sim.now() - cameAt);
      return work();
    });
  };
}

export const randomDrop: Policy = { name: "random drop, the same steps", make: behind(randomDoor, false) };
export const local: Policy = { name: "DAGOR, local", make: behind(shedderDoor, false) };
export const unbounded: Policy = { name: "DAGOR + upstream, unbounded walk", make: behind(unboundedDoor, true) };
export const bounded: Policy = { name: "DAGOR + upstream, bounded walk", make: behind(shedderDoor, true) };

/** As many may wait as are at work; the most important goes first, and makes room by sending the least important away. */
export const byPriority: Policy = {
  name: "ours: priority, evicts",
  make: (sim, work) => {
    const limiter = queue(sim, { queue: priority(), queueLimit: workers, overflow: "evict" });
    return { call: ({ level }) => limiter.run(work, {}, { priority: level }) };
  },
};

/** CoDel for the queue, and its measure, the least wait of a window, for the cursor at the door. */
export const shedBeforeCodel: Policy = {
  name: "ours: shedder before codel",
  make: (sim, work) => {
    const signal = queueDelay({ maxMs: targetMs, of: "least" });
    const shedder = new Shedder({ signals: [signal], levels, protectedLevels: 0, windowMs: 250, decreaseRatio: 0.02, clock: sim.clock });
    const enter = timed(sim, queue(sim, { queue: codel({ targetMs: 2 * targetMs, intervalMs }) }), signal, work);
    return { call: ({ level }) => (shedder.tryAdmit(level) ? enter() : Promise.reject(refused)) };
  },
};
