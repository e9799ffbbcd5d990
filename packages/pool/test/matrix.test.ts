import { randomFrom, seedOf, Simulation, type Random } from "@breakwater/sim";
import { Pool, type Lease, type PoolOptions } from "@breakwater/pool";
import { describe, expect, it } from "vitest";

/**
 * A cancellation matrix, in seeded virtual time: every function of the factory is well, fails, is late or never ends, now or later,
 * while callers come with timeouts, signals and priorities, hold, give back, give up or forget, and somebody resizes, clears and closes.
 *
 * The world outside keeps a naive list of what was made and what became of it; what must hold is read off it after every event.
 */
const isCi = process.env.CI !== undefined && process.env.BREAKWATER_BUILT !== "1";
const schedules = isCi ? 3_000 : 1_000;

type Manner = "now" | "soon" | "throws" | "rejects" | "late" | "late failure" | "never";
const manners: readonly Manner[] = ["now", "soon", "soon", "throws", "rejects", "late", "late failure", "never"];

const createTimeoutMs = 50;
const otherTimeoutMs = 30;

interface Thing {
  readonly id: number;
  readonly generation: number;
  lentTo: number | undefined;
  uses: number;
  /** Nobody may get it any more. */
  isDone: boolean;
  isReset: boolean;
  destroys: number;
}

interface Caller {
  readonly deadlineAt: number;
  readonly controller: AbortController;
  outcome: string | undefined;
  lease: Lease<Thing> | undefined;
}

class World {
  readonly sim: Simulation;
  readonly random: Random;
  readonly things: Thing[] = [];
  readonly callers: Caller[] = [];
  readonly pool: Pool<Thing>;
  readonly maxUses: number;
  /** What was found in callbacks, whose errors go elsewhere. */
  readonly faults: unknown[] = [];
  /** Creates that have not settled, and things whose destroy has not, as the other side sees them. */
  creating = 0;
  alive = 0;
  /** When each create that runs was begun. */
  readonly begun = new Set<{ readonly at: number }>();
  readonly maxConnecting: number;
  generation = 0;
  max: number;
  isClosed = false;
  hasReset: boolean;

  constructor(seed: number) {
    this.sim = new Simulation({ seed });
    const random = (this.random = randomFrom(seedOf(`matrix ${seed}`)));
    this.max = 1 + Math.floor(random() * 4);
    this.maxUses = random() < 0.3 ? 3 : Infinity;
    this.hasReset = random() < 0.5;
    this.maxConnecting = 1 + Math.floor(random() * 2);
    const options: PoolOptions<Thing> = {
      create: ({ broken }) => this.#create(broken),
      destroy: (thing) => this.#destroy(thing),
      ...(random() < 0.5 && { validate: (thing: Thing) => this.#validate(thing), validateAfterMs: random() < 0.5 ? 0 : 20 }),
      ...(this.hasReset && { reset: (thing: Thing) => this.#reset(thing) }),
      ...(random() < 0.5 && { cancel: () => this.#act(this.#pick(), otherTimeoutMs, () => undefined) }),
      max: this.max,
      min: Math.floor(random() * 2),
      maxConnecting: this.maxConnecting,
      maxUses: this.maxUses,
      acquireTimeoutMs: 200,
      createTimeoutMs,
      validateTimeoutMs: otherTimeoutMs,
      resetTimeoutMs: otherTimeoutMs,
      destroyTimeoutMs: otherTimeoutMs,
      idleTimeoutMs: random() < 0.5 ? 80 : Infinity,
      maxLifetimeMs: random() < 0.3 ? 150 : Infinity,
      order: random() < 0.5 ? "lifo" : "fifo",
      ...(random() < 0.2 && { shedding: { targetMs: 20, intervalMs: 40 } }),
      destroyOn: () => random() < 0.5,
      clock: this.sim.clock,
      random: this.sim.random,
    };
    this.pool = new Pool(options);
    this.pool.on("destroyFailed", () => undefined); // else each is a warning
  }

  #pick(): Manner {
    // Mostly well, or nothing would ever happen.
    return this.random() < 0.6 ? "soon" : (manners[Math.floor(this.random() * manners.length)] ?? "now");
  }

  /** Does it in that manner. `now` and `throws` answer at once. */
  #act<T>(manner: Manner, limitMs: number, make: () => T): T | Promise<T> {
    if (manner === "now") return make();
    if (manner === "throws") throw new Error("thrown");
    if (manner === "never") return new Promise(() => undefined);
    const isLate = manner.startsWith("late");
    const delayMs = isLate ? limitMs + 1 + this.random() * 100 : this.random() * limitMs * 0.9;
    return this.sim.sleep(delayMs).then(() => {
      if (manner === "rejects" || manner === "late failure") throw new Error(manner);
      return make();
    });
  }

  #create(broken: (error?: unknown) => void): Thing | Promise<Thing> {
    const { generation } = this;
    const manner = this.#pick();
    this.creating += 1;
    const begun = { at: this.sim.now() };
    this.begun.add(begun);
    const ended = (): void => {
      this.creating -= 1;
      this.begun.delete(begun);
    };
    const make = (): Thing => {
      const thing: Thing = { id: this.things.length, generation, lentTo: undefined, uses: 0, isDone: false, isReset: true, destroys: 0 };
      this.things.push(thing);
      this.alive += 1;
      if (this.random() < 0.2) {
        this.sim.setTimer(() => {
          if (thing.destroys > 0) return;
          broken(new Error("broke by itself"));
          if (thing.lentTo === undefined) thing.isDone = true;
        }, this.random() * 300);
      }
      return thing;
    };
    try {
      const made = this.#act(manner, createTimeoutMs, make);
      if (made instanceof Promise) return made.finally(ended);
      ended();
      return made;
    } catch (error) {
      ended();
      throw error;
    }
  }

  #destroy(thing: Thing): void | Promise<void> {
    this.#note(() => {
      expect(thing.destroys, "a resource is destroyed once").toBe(0);
      expect(thing.lentTo === undefined || this.isClosed, "nothing is destroyed that is lent").toBe(true);
    });
    thing.destroys += 1;
    thing.isDone = true;
    // It counts until it has ended, or is given up, which is a moment later.
    let isGone = false;
    const gone = (): void => {
      if (!isGone) this.alive -= 1;
      isGone = true;
    };
    this.sim.setTimer(gone, otherTimeoutMs - 0.001);
    try {
      const ended = this.#act(this.#pick(), otherTimeoutMs, () => undefined);
      if (ended instanceof Promise) return ended.finally(gone);
      gone();
    } catch (error) {
      gone();
      throw error;
    }
  }

  #validate(thing: Thing): boolean | Promise<boolean> {
    this.#note(() => expect(thing.destroys, "what is destroyed is not validated").toBe(0));
    return this.#act(this.#pick(), otherTimeoutMs, () => this.random() < 0.9);
  }

  #reset(thing: Thing): void | Promise<void> {
    this.#note(() => expect(thing.lentTo, "what is lent is not reset").toBeUndefined());
    return this.#act(this.#pick(), otherTimeoutMs, () => {
      thing.isReset = true;
    });
  }

  acquire(): void {
    const { random, sim } = this;
    const controller = new AbortController();
    const timeoutMs = random() < 0.5 ? undefined : random() * 150;
    const deadlineAt = random() < 0.2 ? sim.now() + random() * 150 : undefined;
    const caller: Caller = {
      deadlineAt: Math.min(deadlineAt ?? Infinity, sim.now() + (timeoutMs ?? 200)),
      controller,
      outcome: undefined,
      lease: undefined,
    };
    const id = this.callers.push(caller);
    if (random() < 0.3) sim.setTimer(() => controller.abort("gone"), random() * 200);
    const call = { signal: random() < 0.7 ? controller.signal : undefined, timeoutMs, deadlineAt, priority: Math.floor(random() * 3) };
    if (random() < 0.3) this.#use(id, caller, call);
    else this.#hold(id, caller, call);
  }

  #hold(id: number, caller: Caller, call: object): void {
    this.pool.acquire(call).then(
      (lease) => {
        this.#served(id, caller, lease.resource);
        caller.lease = lease;
        this.sim.setTimer(() => this.giveBack(caller), this.random() * 120);
      },
      (error: unknown) => this.#failed(caller, error),
    );
  }

  #use(id: number, caller: Caller, call: object): void {
    const work = async (thing: Thing): Promise<void> => {
      this.#served(id, caller, thing);
      try {
        await this.#act(this.random() < 0.8 ? "soon" : "rejects", 60, () => undefined);
      } finally {
        thing.lentTo = undefined;
        thing.isReset = !this.hasReset;
      }
    };
    this.pool.use(work, call).catch((error: unknown) => {
      if (caller.outcome === undefined) this.#failed(caller, error);
    });
  }

  #note(look: () => void): void {
    try {
      look();
    } catch (fault) {
      this.faults.push(fault);
    }
  }

  #served(id: number, caller: Caller, thing: Thing): void {
    this.#note(() => this.#lookAtLoan(caller, thing));
    caller.outcome = "served";
    thing.uses += 1;
    thing.lentTo = id;
  }

  #lookAtLoan(caller: Caller, thing: Thing): void {
    expect(caller.outcome, "everybody is answered once").toBeUndefined();
    expect(this.sim.now(), "nobody is served after the deadline").toBeLessThanOrEqual(caller.deadlineAt);
    expect(thing.lentTo, "a resource is lent to one at a time").toBeUndefined();
    expect(thing.isDone, "what is destroyed, broken or given up is not lent").toBe(false);
    expect(thing.generation, "what was there at a clear is not lent").toBe(this.generation);
    expect(thing.isReset, "what was lent is reset first").toBe(true);
    expect(thing.uses, "nothing is lent too often").toBeLessThan(this.maxUses);
  }

  #failed(caller: Caller, error: unknown): void {
    this.#note(() => expect(caller.outcome, "everybody is answered once").toBeUndefined());
    caller.outcome = error instanceof Error ? ("code" in error ? String(error.code) : error.message) : String(error);
    const isKnown = /^(ERR_POOL_(TIMEOUT|UNAVAILABLE|OVERLOADED|CLOSED|FACTORY_TIMEOUT)|gone|thrown|rejects|late failure)$/.test(caller.outcome);
    if (!isKnown) this.faults.push(new Error(`nobody is told anything else: ${caller.outcome}`));
  }

  giveBack(caller: Caller): void {
    const { lease } = caller;
    if (lease === undefined) return;
    caller.lease = undefined;
    const thing = lease.resource;
    thing.lentTo = undefined;
    thing.isReset = !this.hasReset;
    const chance = this.random();
    if (chance < 0.15) {
      thing.isDone = true;
      lease.destroy(new Error("broke"));
    } else if (chance < 0.95 || this.isClosed) {
      lease.release();
    } else {
      thing.lentTo = -1; // forgotten, until a close takes it away
    }
  }

  check(): void {
    for (const fault of this.faults) throw fault;
    const stats = this.pool.stats;
    const { idle, busy, validating, resetting, creating, destroying, size, waiting } = stats;
    expect(idle + busy + validating + resetting + creating + destroying, "every place is in one state").toBe(size);
    expect(this.creating + this.alive, "the other side never sees more than max").toBeLessThanOrEqual(this.max);
    const isServed = waiting <= validating + resetting + creating;
    expect(idle > 0 && !isServed, "nobody waits beside an idle resource, but for one that is being looked at").toBe(false);
    const now = this.sim.now();
    const inTime = [...this.begun].filter(({ at }) => now - at < createTimeoutMs).length;
    expect(inTime, "few creates are in flight").toBeLessThanOrEqual(this.maxConnecting);
    const overdue = this.callers.filter(({ outcome, deadlineAt }) => outcome === undefined && deadlineAt < now);
    expect(overdue.length, "everybody is answered by the deadline").toBe(0);
  }
}

async function play(seed: number): Promise<void> {
  const world = new World(seed);
  const { pool, random, sim } = world;
  if (random() < 0.5) void pool.start().catch(() => undefined);
  const acts = 5 + Math.floor(random() * 25);
  for (let act = 0; act < acts; act += 1) {
    sim.at(random() * 600, () => {
      const chance = random();
      if (chance < 0.86) world.acquire();
      else if (chance < 0.9) pool.tryAcquire()?.release();
      else if (chance < 0.95) {
        world.generation += 1;
        pool.clear();
      } else {
        const max = 1 + Math.floor(random() * 4);
        // What is there goes as it comes back: until then the old limit is the one that holds.
        world.max = Math.max(world.max, max);
        pool.resize({ max, min: 0 });
      }
    });
  }
  for (let time = 0; time < 700; time += 7) sim.at(time, () => world.check());
  const graceMs = random() < 0.5 ? 0 : 60;
  let report: unknown;
  sim.at(650, () => {
    world.isClosed = true;
    void pool.close({ graceMs }).then((end) => (report = end));
  });
  await sim.run(2_000);
  world.check();
  expect(report, "the close has come to its end").toBeDefined();
  expect(world.callers.filter(({ outcome }) => outcome === undefined), "everybody was answered").toEqual([]);
  expect(world.things.filter(({ destroys }) => destroys !== 1), "all that was made is destroyed").toEqual([]);
  expect(pool.stats).toMatchObject({ size: 0, waiting: 0, created: world.things.length });
}

describe("the cancellation matrix", () => {
  it(`holds in ${schedules} schedules, whatever fails, is late or never ends, whoever leaves`, async () => {
    const warnings: unknown[] = [];
    const note = (warning: unknown): void => void warnings.push(warning);
    process.on("warning", note);
    process.on("unhandledRejection", note);
    for (let seed = 1; seed <= schedules; seed += 1) {
      try {
        await play(seed);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    process.off("warning", note);
    process.off("unhandledRejection", note);
    expect(warnings).toEqual([]);
  }, 300_000);
});
