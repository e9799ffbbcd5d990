import { ManualClock, settled } from "@breakwater/core/testing";
import { Pool, type Lease } from "@breakwater/pool";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/**
 * The world outside the pool, as naive as it can be: a list of every resource that was ever made, with what became of it,
 * and a list of every caller. The laws are read off these lists after every step, and once more after the close.
 */
interface Made {
  readonly id: number;
  isLent: boolean;
  isDestroyed: boolean;
}

interface Caller {
  readonly order: number;
  readonly controller: AbortController;
  fate: "waiting" | "served" | "failed";
  lease: Lease<Made> | undefined;
}

interface Attempt {
  readonly bring: () => void;
  readonly fail: () => void;
}

class World {
  readonly clock = new ManualClock();
  readonly max: number;
  readonly made: Made[] = [];
  readonly callers: Caller[] = [];
  readonly attempts: Attempt[] = [];
  readonly destroys: (() => void)[] = [];
  readonly servedOrder: number[] = [];
  readonly pool: Pool<Made>;
  inFlight = 0;
  creates = 0;
  isClosing = false;

  constructor(max: number, min: number, isValidating: boolean) {
    this.max = max;
    this.pool = new Pool<Made>({
      min,
      max,
      clock: this.clock,
      random: () => 0.5,
      acquireTimeoutMs: 500,
      createTimeoutMs: 200,
      destroyTimeoutMs: 300,
      idleTimeoutMs: 400,
      create: () => this.#create(),
      destroy: (resource) => this.#destroy(resource),
      ...(isValidating && { validate: ({ id }: Made) => id % 3 !== 0 }),
    });
    this.pool.on("destroyFailed", () => undefined);
  }

  #create(): Promise<Made> {
    this.creates += 1;
    this.inFlight += 1;
    return new Promise((resolve, reject) => {
      const end = (then: () => void) => () => {
        this.inFlight -= 1;
        then();
      };
      this.attempts.push({
        bring: end(() => {
          const made = { id: this.made.length + 1, isLent: false, isDestroyed: false };
          this.made.push(made);
          resolve(made);
        }),
        fail: end(() => reject(new Error("create failed"))),
      });
    });
  }

  #destroy(resource: Made): Promise<void> {
    expect(resource.isDestroyed, "a resource is destroyed once").toBe(false);
    resource.isDestroyed = true;
    return new Promise((resolve) => this.destroys.push(resolve));
  }

  acquire(): void {
    const controller = new AbortController();
    const caller: Caller = { order: this.callers.length, controller, fate: "waiting", lease: undefined };
    this.callers.push(caller);
    this.pool.acquire({ signal: controller.signal }).then(
      (lease) => {
        expect(lease.resource.isLent, "a resource is lent to one caller at a time").toBe(false);
        expect(lease.resource.isDestroyed, "a destroyed resource is never lent").toBe(false);
        lease.resource.isLent = true;
        Object.assign(caller, { fate: "served", lease });
        this.servedOrder.push(caller.order);
      },
      () => {
        caller.fate = "failed";
      },
    );
  }

  giveBack(index: number, isBroken: boolean): void {
    const holders = this.callers.filter(({ lease }) => lease !== undefined);
    const caller = holders[index % Math.max(1, holders.length)];
    if (caller?.lease === undefined) return;
    const { lease } = caller;
    caller.lease = undefined;
    lease.resource.isLent = false;
    if (isBroken) lease.destroy();
    else lease.release();
    lease[Symbol.dispose](); // a second settle changes nothing
  }

  abort(index: number): void {
    const waiting = this.callers.filter(({ fate }) => fate === "waiting");
    waiting[index % Math.max(1, waiting.length)]?.controller.abort("gone");
  }

  /** What must hold between any two steps. */
  check(): void {
    const { size, idle, busy, waiting } = this.pool.stats;
    expect(size, "never more than max, those being created and destroyed included").toBeLessThanOrEqual(this.max);
    const alive = this.made.filter(({ isDestroyed }) => !isDestroyed).length;
    expect(alive, "never more resources alive than max").toBeLessThanOrEqual(this.max);
    expect(this.isClosing || busy === this.callers.filter(({ lease }) => lease !== undefined).length).toBe(true);
    expect(waiting).toBe(this.callers.filter(({ fate }) => fate === "waiting").length);
    expect(idle > 0 && waiting > 0, "nobody waits beside an idle resource").toBe(false);
    expect(this.creates, "creates never run hot").toBeLessThan(this.callers.length * 2 + this.made.length + 60);
  }

  async close(graceMs: number): Promise<void> {
    this.isClosing = true;
    const closed = this.pool.close({ graceMs });
    await settled();
    while (this.attempts.length > 0) this.attempts.shift()?.bring();
    await this.clock.advanceAsync(graceMs);
    for (let round = 0; round < 3; round += 1) {
      while (this.destroys.length > 0) this.destroys.shift()?.();
      await settled();
    }
    await this.clock.advanceAsync(1_000);
    await closed;
  }
}

type Step = (world: World) => void | Promise<void>;

const index = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>((world) => world.acquire()) },
  { weight: 4, arbitrary: index.map<Step>((i) => (world) => world.giveBack(i, false)) },
  { weight: 1, arbitrary: index.map<Step>((i) => (world) => world.giveBack(i, true)) },
  { weight: 1, arbitrary: index.map<Step>((i) => (world) => world.abort(i)) },
  { weight: 4, arbitrary: fc.constant<Step>((world) => world.attempts.shift()?.bring()) },
  { weight: 1, arbitrary: fc.constant<Step>((world) => world.attempts.shift()?.fail()) },
  { weight: 2, arbitrary: fc.constant<Step>((world) => world.destroys.shift()?.()) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 700 }).map<Step>((ms) => (world) => world.clock.advanceAsync(ms)) },
  { weight: 1, arbitrary: fc.constant<Step>((world) => world.pool.tryAcquire()?.release()) },
);

describe("whatever happens to a pool", () => {
  it("nothing is lost, lent twice or left over, and everybody gets an answer", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(1),
        fc.boolean(),
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom(0, 50),
        async (max, min, isValidating, steps, graceMs) => {
          const world = new World(max, min, isValidating);
          void world.pool.start().catch(() => undefined);
          for (const act of steps) {
            await act(world);
            await settled();
            world.check();
          }
          await world.close(graceMs);
          expect(world.callers.filter(({ fate }) => fate === "waiting")).toEqual([]);
          expect(world.made.filter(({ isDestroyed }) => !isDestroyed)).toEqual([]);
          expect(world.pool.stats).toMatchObject({ size: 0, idle: 0, busy: 0, waiting: 0 });
          expect(world.clock.pendingTimers).toBe(0);
          expect(world.servedOrder, "first in, first out").toEqual([...world.servedOrder].sort((a, b) => a - b));
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});
