import { getEventListeners } from "node:events";
import { ManualClock, settled } from "@breakwater/core/testing";
import fc from "fast-check";
import type { Dispatcher } from "undici";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { resilience, type CarriesCall, type Resilience, type ResilienceOptions } from "../../src/undici.ts";

type Handler = Required<Pick<Dispatcher.DispatchHandler, "onRequestStart" | "onResponseStart" | "onResponseData" | "onResponseEnd" | "onResponseError">>;

const noWait = { backoff: () => 0, budget: false } as const;
const get: Dispatcher.DispatchOptions = { origin: "http://a.test", path: "/", method: "GET" };

/** A dispatcher's side of one attempt, which a test plays. */
class Wire {
  readonly options: Dispatcher.DispatchOptions;
  readonly #handler: Handler;
  readonly controller: Dispatcher.DispatchController & { paused: boolean; aborted: boolean; reason: Error | null };

  constructor(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) {
    this.options = options;
    this.#handler = handler as Handler; // ours has them all
    const controller = {
      paused: false,
      aborted: false,
      reason: null as Error | null,
      pause: () => void (controller.paused = true),
      resume: () => void (controller.paused = false),
      abort: (reason: Error) => {
        if (controller.aborted) return;
        Object.assign(controller, { aborted: true, reason });
        this.#handler.onResponseError(controller, reason);
      },
    };
    this.controller = controller;
  }

  start(context: object = {}): void {
    this.#handler.onRequestStart(this.controller, context);
  }
  head(status: number, headers: Record<string, string> = {}): void {
    this.#handler.onResponseStart(this.controller, status, headers, "");
  }
  data(text: string): void {
    this.#handler.onResponseData(this.controller, Buffer.from(text));
  }
  end(): void {
    this.#handler.onResponseEnd(this.controller, {});
  }
  error(error: Error): void {
    this.#handler.onResponseError(this.controller, error);
  }
}

interface Played {
  readonly guard: Resilience;
  readonly wires: readonly Wire[];
  readonly accepted: boolean;
  /** What the caller's handler was told. */
  readonly told: string[];
  /** The caller's controller. */
  readonly controller: Dispatcher.DispatchController;
}

interface Play {
  readonly options?: ResilienceOptions;
  readonly request?: Dispatcher.DispatchOptions & CarriesCall;
  readonly handler?: Partial<Dispatcher.DispatchHandler>;
  readonly accepts?: boolean;
}

function play({ options = {}, request = get, handler = {}, accepts = true }: Play = {}): Played {
  const guard = resilience({ clock: new ManualClock(), ...options });
  const wires: Wire[] = [];
  const told: string[] = [];
  let controller: Dispatcher.DispatchController | undefined;
  const send = guard((given, inner) => {
    wires.push(new Wire(given, inner));
    return accepts;
  });
  const accepted = send(request, {
    onRequestStart: (given) => {
      controller = given;
      told.push("start");
    },
    onResponseStart: (_, status) => void told.push(String(status)),
    onResponseData: (_, chunk) => void told.push(chunk.toString()),
    onResponseEnd: () => void told.push("end"),
    onResponseError: (_, error) => void told.push(error instanceof Error ? error.message : String(error)),
    ...handler,
  });
  if (controller === undefined) throw new Error("the handler has no controller");
  return { guard, wires, accepted, told, controller };
}

/** The latest attempt, as soon as there is one, on its way. */
async function wireOf({ wires }: Played, attempt = 1): Promise<Wire> {
  await settled();
  const wire = wires[attempt - 1];
  if (wire === undefined) throw new Error(`there is no attempt ${attempt}`);
  wire.start();
  return wire;
}

describe("the handler's protocol", () => {
  test("what arrives with the head waits until it is decided who gets it", async () => {
    const played = play();
    const wire = await wireOf(played);
    wire.head(200);
    wire.data("a");
    wire.data("b");
    wire.end();
    expect([played.told, wire.controller.paused]).toEqual([["start"], true]);
    await settled();
    expect([played.told, wire.controller.paused]).toEqual([["start", "200", "a", "b", "end"], false]);
  });

  test("a handler that pauses gets nothing until it resumes, and everything then", async () => {
    const played = play({ handler: { onResponseStart: (controller) => controller.pause() } });
    const wire = await wireOf(played);
    wire.head(200);
    wire.data("a");
    wire.end();
    await settled();
    expect([played.told, wire.controller.paused]).toEqual([["start"], true]);
    played.controller.resume();
    expect([played.told, wire.controller.paused]).toEqual([["start", "a", "end"], false]);
  });

  test("pause and resume reach the connection", async () => {
    const played = play();
    const wire = await wireOf(played);
    wire.head(200);
    await settled();
    expect(wire.controller.paused).toBe(false);
    played.controller.pause();
    expect([wire.controller.paused, played.controller.paused]).toEqual([true, true]);
    played.controller.resume();
    expect(wire.controller.paused).toBe(false);
  });

  test("once a byte was handed on nothing is sent again", async () => {
    const played = play({ options: { retry: noWait } });
    const wire = await wireOf(played);
    wire.head(200);
    await settled();
    wire.data("a");
    wire.error(new Error("reset"));
    await settled();
    expect([played.told, played.wires.length]).toEqual([["start", "200", "a", "reset"], 1]);
  });

  test("an error between the head and the decision is told after the head", async () => {
    const played = play({ options: { retry: noWait } });
    const wire = await wireOf(played);
    wire.head(200);
    wire.error(new Error("reset"));
    await settled();
    expect([played.told, played.wires.length]).toEqual([["start", "200", "reset"], 1]);
  });

  test("an error before the request was sent has no controller, and is retried like another", async () => {
    const clock = new ManualClock();
    const played = play({ options: { clock, retry: { ...noWait, attempts: 2 } } });
    await settled();
    played.wires[0]?.error(new Error("no address"));
    await clock.advanceAsync(0);
    const second = await wireOf(played, 2);
    second.head(200);
    second.end();
    await settled();
    expect(played.told).toEqual(["start", "200", "end"]);
  });

  test("a refusal is the handler's error, and nothing is dispatched", async () => {
    const played = play({ request: { ...get, call: { deadlineAt: -1 } } });
    await settled();
    expect([played.told, played.wires.length]).toEqual([["start", "deadline: it had passed before the work was started"], 0]);
  });

  test("the answer of dispatch passes through, and is yes while the attempt waits for a place", () => {
    expect(play({ accepts: false }).accepted).toBe(false);
    expect(play().accepted).toBe(true);
  });

  test("an attempt that is stopped in undici's own queue fails when its turn comes, and is aborted if it is answered all the same", async () => {
    const clock = new ManualClock();
    const played = play({ options: { clock, timeoutMs: 100, retry: false } });
    await clock.advanceAsync(100);
    expect(played.told).toEqual(["start", "timeout: the work did not end within 100 ms"]);
    const [wire] = played.wires;
    expect(() => wire?.start()).toThrow("timeout: the work did not end within 100 ms");
    wire?.head(200);
    expect(wire?.controller.reason).toMatchObject({ code: "ERR_TIMEOUT" });
    await settled();
    expect(played.told).toHaveLength(2);
  });

  test("a handler that throws ends its request with what it threw", async () => {
    const fault = new Error("fault");
    const broken = (): never => {
      throw fault;
    };
    for (const name of ["onRequestStart", "onResponseStart", "onResponseData", "onResponseEnd"] as const) {
      const failed = vi.fn();
      const wires: Wire[] = [];
      const send = resilience({ clock: new ManualClock(), retry: noWait })((options, inner) => wires.push(new Wire(options, inner)) > 0);
      send(get, { [name]: broken, onResponseError: (_, error) => void failed(error) });
      await settled();
      const [wire] = wires;
      wire?.start();
      wire?.head(200);
      wire?.data("a");
      wire?.end();
      await settled();
      expect(failed.mock.calls).toEqual([[fault]]);
      expect(wires).toHaveLength(name === "onRequestStart" ? 0 : 1);
    }
  });

  test("a handler that throws at its error becomes a process warning", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const played = play({
      options: { retry: false },
      handler: {
        onResponseError: () => {
          throw new Error("fault");
        },
      },
    });
    (await wireOf(played)).error(new Error("reset"));
    await settled();
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });

  test("a dispatch that throws is a failed attempt", async () => {
    const failed = vi.fn();
    const fault = new Error("fault");
    const clock = new ManualClock();
    const guard = resilience({ clock, retry: { ...noWait, attempts: 2 } });
    const send = guard(() => {
      throw fault;
    });
    send(get, { onResponseError: (_, error) => void failed(error) });
    await clock.advanceAsync(0);
    expect([failed.mock.calls, guard.stats.retries]).toEqual([[[fault]], 1]);
  });

  test("a late answer, after the deadline, is let go", async () => {
    const clock = new ManualClock();
    const played = play({ options: { clock, deadlineMs: 100, retry: false } });
    const wire = await wireOf(played);
    await clock.advanceAsync(100);
    expect(played.told).toEqual(["start", "deadline: the work did not end within 100 ms"]);
    wire.head(200);
    await settled();
    expect([wire.controller.aborted, played.told.length, clock.pendingRefTimers]).toEqual([true, 2, 0]);
  });

  test("what is no request is left to the dispatcher", () => {
    const dispatch = vi.fn(() => true);
    const send = resilience()(dispatch);
    const upgrade: Dispatcher.DispatchOptions = { ...get, upgrade: "echo" };
    for (const options of [undefined, 5, { ...get, method: "CONNECT" }, upgrade]) send(options as Dispatcher.DispatchOptions, {});
    expect(dispatch).toHaveBeenCalledTimes(4);
  });

  test("options are checked when it is made", () => {
    expect(() => resilience({ timeoutMs: 0 })).toThrow("timeoutMs");
    expectTypeOf(resilience()).toExtend<Dispatcher.DispatcherComposeInterceptor>();
  });
});

type Event = "data" | "end" | "error" | "head" | "pause" | "resume" | "abort" | "turn";

/** What the handler may see: the model is one list of what came, and how much of it may have been told. */
test("whatever happens in whatever order, the handler gets a head, a prefix of the body and one end, and nothing is left", async () => {
  const event = fc.constantFrom<Event>("data", "data", "end", "error", "head", "pause", "resume", "abort", "turn");
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 25 }), fc.boolean(), async (events, keepsPause) => {
      const controller = new AbortController();
      const clock = new ManualClock();
      const played = play({ options: { clock, retry: false, timeoutCovers: "body" }, request: { ...get, call: { signal: controller.signal } } });
      const wire = await wireOf(played);
      let came = 0;
      let hasHead = false;
      let hasEnded = false;
      for (const one of events) {
        const before = played.told.length;
        const mayTell = !played.controller.paused;
        const isLive = !hasEnded && !wire.controller.aborted && (keepsPause ? !wire.controller.paused : true);
        if (one === "turn") await settled();
        else if (one === "pause") played.controller.pause();
        else if (one === "resume") played.controller.resume();
        else if (one === "abort") controller.abort(new Error("gone"));
        else if (one === "head" && isLive && !hasHead) {
          hasHead = true;
          wire.head(200);
        } else if (one === "data" && isLive && hasHead) wire.data(`chunk ${came++}`);
        else if (one === "end" && isLive && hasHead) {
          hasEnded = true;
          wire.end();
        } else if (one === "error" && !hasEnded && !wire.controller.aborted) {
          hasEnded = true;
          wire.error(new Error("reset"));
        }
        if (!mayTell && !["resume", "abort", "error", "turn"].includes(one)) expect(played.told).toHaveLength(before);
      }
      played.controller.resume();
      await settled();
      if (!hasEnded && !wire.controller.aborted) played.controller.abort(new Error("gone"));
      await settled();
      const [start, ...rest] = played.told;
      const end = rest.pop();
      const chunks = rest.filter((text) => text !== "200");
      expect(start).toBe("start");
      expect(["end", "reset", "gone"]).toContain(end);
      expect(chunks).toEqual(Array.from(chunks, (_, index) => `chunk ${index}`));
      if (end === "end") expect([rest[0], chunks.length]).toEqual(["200", came]);
      if (chunks.length > 0) expect(rest[0]).toBe("200");
      expect([getEventListeners(controller.signal, "abort").length, clock.pendingRefTimers]).toEqual([0, 0]);
      expect(wire.controller.aborted || hasEnded).toBe(true);
    }),
    { numRuns: 500 },
  );
});
