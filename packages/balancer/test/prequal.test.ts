import { ManualClock, settled } from "@breakwater/core/testing";
import { LoadProbe, prequal, type LoadAnswer, type PrequalOptions } from "@breakwater/balancer";
import { describe, expect, it, vi } from "vitest";
import { letters, pickOf, tally, world } from "./helpers.ts";

describe("LoadProbe", () => {
  it("answers the number in flight and the median of those that arrived at about as many", () => {
    const clock = new ManualClock();
    const probe = new LoadProbe({ clock });
    for (const ms of [10, 30, 20]) {
      const visit = probe.arrive();
      clock.advance(ms);
      visit.success();
    }
    expect(probe.answer()).toEqual({ inFlight: 0, latencyMs: 20 });
    const open = [probe.arrive(), probe.arrive()];
    const third = probe.arrive(); // with two others there
    clock.advance(500);
    third.success();
    expect(probe.answer()).toEqual({ inFlight: 2, latencyMs: 500 });
    for (const visit of open) visit.release();
    expect(probe.answer()).toEqual({ inFlight: 0, latencyMs: 20 }); // not the slow one of the busy time
  });

  it("where nothing is known of this number the nearest answers, and 0 before anything is", () => {
    const clock = new ManualClock();
    const probe = new LoadProbe({ clock });
    expect(probe.answer()).toEqual({ inFlight: 0, latencyMs: 0 });
    const visit = probe.arrive();
    clock.advance(7);
    visit.success();
    const many = Array.from({ length: 300 }, () => probe.arrive());
    expect(probe.answer()).toEqual({ inFlight: 300, latencyMs: 7 });
    for (const one of many) one.release();
    for (const one of many) one.success(); // a second end is harmless
    expect(probe.inFlight).toBe(0);
  });

  it("run and layer count by value, error and sync throw; failures are no durations", async () => {
    const probe = new LoadProbe({ clock: new ManualClock(), samples: 2 });
    const error = new Error("no");
    await expect(probe.run(() => 1)).resolves.toBe(1);
    await expect(probe.run(() => { throw error; })).rejects.toBe(error);
    const service = probe.layer(async (input: number) => input + probe.inFlight);
    await expect(service(1, {})).resolves.toBe(2);
    expect(probe.inFlight).toBe(0);
    expect(() => new LoadProbe({ samples: 0 })).toThrow("samples");
  });
});

describe("prequal", () => {
  /** Each endpoint answers what stands in `loads`. */
  function probed(count: number, loads: Record<string, LoadAnswer>, options: Partial<PrequalOptions<string>> = {}) {
    const probe = vi.fn((value: string) => Promise.resolve(loads[value] ?? { inFlight: 1, latencyMs: 10 }));
    return { ...world(count, { policy: prequal({ probe, ...options }) }), probe };
  }

  async function spread(balancer: ReturnType<typeof world>["balancer"], picks: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < picks; i += 1) {
      const pick = balancer.pick();
      counts[pick.value] = (counts[pick.value] ?? 0) + 1;
      pick.success();
      await settled();
    }
    return counts;
  }

  it("never waits for a probe: without answers it draws at random", async () => {
    const { balancer, probe } = probed(4, {}, { probe: () => new Promise(() => undefined) });
    for (const count of Object.values(tally(balancer, 400))) expect(count).toBeGreaterThan(60);
    expect(probe).not.toHaveBeenCalled();
  });

  it("sends so many probes for each pick, to endpoints that differ", async () => {
    const { balancer, probe } = probed(8, {}, { probesPerPick: 2.5 });
    for (let i = 0; i < 10; i += 1) {
      probe.mockClear();
      balancer.pick().success();
      const asked = probe.mock.calls.map(([value]) => value);
      expect(new Set(asked).size).toBe(asked.length);
      expect(asked.length).toBe(i % 2 === 0 ? 2 : 3);
      await settled();
    }
  });

  it("of the cold ones takes the one with the lowest latency", async () => {
    const { balancer } = probed(10, { c: { inFlight: 0, latencyMs: 2 }, d: { inFlight: 90, latencyMs: 1 } });
    await spread(balancer, 30);
    const counts = await spread(balancer, 200);
    expect(counts.c).toBeGreaterThan(60); // with each new answer, until what was sent there makes it hot
    expect(counts.d ?? 0).toBeLessThan(5); // the lowest latency, but hot
  });

  it("counts what it sends: without new answers one endpoint is not taken for ever", async () => {
    const { balancer } = probed(4, {});
    await spread(balancer, 5);
    const counts = tally(balancer, 40, () => undefined); // in one turn no answer comes in
    expect(Object.keys(counts).length).toBeGreaterThan(2);
  });

  it("one that fails fast is the last choice, though it looks best", async () => {
    const { balancer, clock } = probed(3, { b: { inFlight: 0, latencyMs: 0.1 } });
    await spread(balancer, 4);
    pickOf(balancer, "b").failure({ retryAfterMs: 5_000 });
    expect((await spread(balancer, 50)).b).toBeUndefined();
    clock.advance(5_000);
    await spread(balancer, 2);
    expect((await spread(balancer, 50)).b).toBeGreaterThan(20);
  });

  it("answers that are too old are not used", async () => {
    const { balancer, clock, probe } = probed(3, { c: { inFlight: 0, latencyMs: 1 } });
    await spread(balancer, 4);
    clock.advance(1_001);
    probe.mockImplementation(() => new Promise(() => undefined));
    for (const count of Object.values(tally(balancer, 300))) expect(count).toBeGreaterThan(60);
  });

  it("a probe that fails, throws, answers nonsense or hangs costs no pick, and no timer stays", async () => {
    const aborted = vi.fn();
    let turn = 0;
    const { balancer, clock } = probed(4, {}, {
      probe: (_, signal) => {
        turn += 1;
        if (turn % 4 === 0) throw new Error("sync");
        if (turn % 4 === 1) return Promise.reject(new Error("async"));
        if (turn % 4 === 2) return {} as LoadAnswer;
        signal.addEventListener("abort", aborted);
        return new Promise(() => undefined);
      },
    });
    await spread(balancer, 20);
    expect(clock.pendingRefTimers).toBe(0);
    await clock.advanceAsync(1_000);
    expect(aborted).toHaveBeenCalledTimes(4); // by then all hung
    expect(clock.pendingTimers).toBe(0);
  });

  it("an endpoint whose probe hangs is asked again when that probe's time is over, however many calls there are", async () => {
    const ends: ((answer: LoadAnswer) => void)[] = [];
    const { balancer, clock, probe } = probed(3, {});
    probe.mockImplementation(() => new Promise((resolve) => ends.push(resolve))); // and does not listen to its signal
    await spread(balancer, 1_000);
    expect(probe).toHaveBeenCalledTimes(3);
    await clock.advanceAsync(1_000);
    await spread(balancer, 1_000);
    expect(probe).toHaveBeenCalledTimes(6);
    for (const end of ends.slice(0, 3)) end({ inFlight: 0, latencyMs: 1 }); // too late: it neither counts nor lets another go
    await settled();
    await spread(balancer, 1_000);
    expect(probe).toHaveBeenCalledTimes(6);
    for (const end of ends) end({ inFlight: 0, latencyMs: 1 });
    await settled();
    expect(clock.pendingTimers).toBe(0);
  });

  it("the probe of one that left is aborted", async () => {
    const signals = new Map<string, AbortSignal>();
    const { balancer, clock } = probed(3, {}, {
      probe: (value, signal) => {
        signals.set(value, signal);
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    balancer.pick().success();
    balancer.update(letters(2));
    expect([...signals].filter(([, { aborted }]) => aborted).map(([value]) => value)).toEqual(["c"]);
    await settled();
    expect(clock.pendingTimers).toBe(2);
    balancer.update([]);
    await settled();
    expect(clock.pendingTimers).toBe(0);
  });

  it("without answers one that has just failed is passed over", async () => {
    const { balancer } = probed(2, {}, { probe: () => Promise.reject(new Error("down")) });
    pickOf(balancer, "a").failure(new Error("down"));
    expect(await spread(balancer, 50)).toEqual({ b: 50 });
  });

  it("an endpoint that left is not chosen by an answer that came before or after", async () => {
    const { balancer } = probed(3, { c: { inFlight: 0, latencyMs: 1 } });
    await spread(balancer, 5);
    balancer.pick().success(); // probes are on their way
    balancer.update(letters(2));
    expect((await spread(balancer, 30)).c).toBeUndefined();
  });

  it("in a large fleet answers are used up, and picks go on being spread", async () => {
    const { balancer } = world(0, { endpoints: Array.from({ length: 100 }, (_, index) => ({ key: `${index}`, value: `${index}` })), policy: prequal({ probe: () => ({ inFlight: 1, latencyMs: 5 }) }) });
    const counts = await spread(balancer, 500);
    expect(Object.keys(counts).length).toBeGreaterThan(60);
    expect(Math.max(...Object.values(counts))).toBeLessThan(25);
  });

  it.each([["probe", {}], ["poolSize", { probe: vi.fn(), poolSize: 1 }], ["hotQuantile", { probe: vi.fn(), hotQuantile: 2 }]])("a wrong %s is refused", (word, options) => {
    expect(() => prequal(options as PrequalOptions<string>)).toThrow(word);
  });
});
