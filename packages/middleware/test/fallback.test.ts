import { descriptionOf, RejectedError, type Call, type Meter, type Service } from "@breakwater/core";
import { AuthenticationError, authentication, fallback, pipeline, stack, type FallbackLayer } from "@breakwater/middleware";
import { describe, expect, expectTypeOf, it, vi } from "vitest";

const down = new Error("503");
const failing = (error: unknown = down) => (): Promise<number> => Promise.reject(error);
const fate = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe("fallback", () => {
  it("answers where the service failed, with error, call and input at hand", async () => {
    const call = {};
    const handle = vi.fn(() => "kept");
    const service = fallback({ handle })(async (input: number) => (input === 0 ? input : failing()()));
    expect(await service(0, call)).toBe(0);
    expect(await service(7, call)).toBe("kept");
    expect(handle.mock.calls).toEqual([[down, call, 7]]);
  });

  it("answers refusals and what is thrown at once, with a promise too", async () => {
    const refusal = new RejectedError("ERR_FULL", "no room", { reason: "full" });
    const layer = fallback({ handle: async (error) => error });
    expect(await layer(failing(refusal))(1, {})).toBe(refusal);
    const throwing = (): never => {
      throw down;
    };
    expect(await layer(throwing)(1, {})).toBe(down);
    expect(layer.stats).toEqual({ answered: 2, failed: 0 });
  });

  it("is not for a caller who has gone away, whatever the error is", async () => {
    const handle = vi.fn();
    for (const error of [down, new Error("gone")]) {
      const controller = new AbortController();
      const service = fallback({ handle })(async () => {
        controller.abort("gone");
        throw error;
      });
      expect(await fate(service(1, { signal: controller.signal }))).toBe(error);
    }
    expect(handle).not.toHaveBeenCalled();
  });

  it("gives no answer to those whose credentials or input are wrong, unless it is told to", async () => {
    const known = authentication({ credentials: () => undefined, verify: () => "Ann" });
    const handle = (): string => "kept";
    const service = pipeline<string>().use(known).handle(async () => "secret");
    expect(await fate(fallback({ handle })(service)("", {}))).toBeInstanceOf(AuthenticationError);
    expect(await fallback({ handle, when: () => true })(service)("", {})).toBe("kept");
    const invalid = new RejectedError("ERR_VALIDATION", "no", { reason: "invalid" });
    expect(await fate(fallback({ handle })(failing(invalid))(1, {}))).toBe(invalid);
    const alike = Object.assign(new Error("of somebody else's"), { code: "ERR_VALIDATION" });
    expect(await fallback({ handle })(failing(alike))(1, {})).toBe("kept");
  });

  it("asks `when`, and a `when` that throws says no, with a warning", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const picky = fallback({ handle: () => "kept", when: (error, _call, input) => error === down && input === 1 });
    expect(await picky(failing())(1, {})).toBe("kept");
    expect(await fate(picky(failing())(2, {}))).toBe(down);
    const broken = new Error("broken");
    const breaking = fallback({ handle: () => "kept", when: () => { throw broken; } }); // prettier-ignore
    expect(await fate(breaking(failing())(1, {}))).toBe(down);
    expect(warned).toHaveBeenCalledWith(broken);
    expect(breaking.stats).toEqual({ answered: 0, failed: 0 });
    warned.mockRestore();
  });

  it("keeps the root error as the cause of its own, and passes the same error on as it is", async () => {
    const second = new Error("no copy either");
    const throwing = fallback({ handle: () => Promise.reject(second) });
    expect(await fate(throwing(failing())(1, {}))).toBe(second);
    expect(second.cause).toBe(down);
    const again = fallback({ handle: (error) => Promise.reject(error) });
    expect(await fate(again(failing())(1, {}))).toBe(down);
    expect(down.cause).toBe(undefined);
    expect(throwing.stats).toEqual({ answered: 0, failed: 1 });
  });

  it("counts on a meter by outcome, and one that throws fails no call", async () => {
    const added: unknown[] = [];
    const counter: Meter["counter"] = (name, { attributes } = {}) => ({
      add: () => {
        added.push([name, attributes]);
        throw new Error("no disk");
      },
    });
    const meter: Meter = { counter, histogram: () => ({ record: () => undefined }), gauge: () => () => undefined };
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    expect(await fallback({ handle: () => "kept", meter, name: "prices" })(failing())(1, {})).toBe("kept");
    expect(added).toEqual([["breakwater.fallback.calls", { name: "prices", outcome: "answered" }]]);
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });

  it("follows a thenable, and takes a service that is called without a call", async () => {
    const thenable = { then: (_resolve: unknown, reject: (error: unknown) => void) => reject(down) } as unknown as Promise<number>;
    const service = fallback({ handle: (_error, call) => call })(() => thenable) as (input: number) => Promise<unknown>;
    expect(await service(1)).toEqual({});
  });

  it("describes itself, reads its options once, and refuses wrong ones", async () => {
    const options = { handle: () => "kept", name: "prices" };
    const layer = fallback(options);
    options.handle = () => "changed";
    expect(await layer(failing())(1, {})).toBe("kept");
    expect(descriptionOf(layer)).toEqual({ kind: "fallback", name: "prices" });
    expect(() => fallback({} as never)).toThrow("handle must be a function, got undefined");
    expect(() => fallback({ handle: () => 1, when: 1 as never })).toThrow("when must be a function, got number");
  });

  it("adds its answer to the service's type", () => {
    interface WithUser extends Call {
      readonly user: string;
    }
    const layer = fallback({ handle: () => null });
    expectTypeOf(layer).toEqualTypeOf<FallbackLayer<null>>();
    expectTypeOf(layer(async (id: number, call: WithUser) => `${call.user} ${id}`)).toEqualTypeOf<
      Service<number, string | null, WithUser>
    >();
    expectTypeOf(fallback({ handle: async () => 5 })).toEqualTypeOf<FallbackLayer<number>>();
    expectTypeOf(stack(layer)(async (id: number) => `${id}`)).toEqualTypeOf<Service<number, string | null>>();
    const reading = fallback({ handle: (_error, call: WithUser, input: string) => call.user + input });
    // @ts-expect-error: numbers are not what `handle` reads
    reading(async (id: number) => id);
  });
});
