import { RejectedError } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { logging, pipeline, requestId, type Logger } from "@breakwater/middleware";
import { describe, expect, it, vi } from "vitest";

type Line = [level: string, fields: object, message: string];

function listening(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message]);
  return { lines, logger: { info: at("info"), warn: at("warn"), error: at("error") } };
}

describe("logging", () => {
  it("writes one line for each request when it has ended, with id and duration", async () => {
    const clock = new ManualClock();
    const { logger, lines } = listening();
    const service = pipeline<string>()
      .use(requestId({ generate: () => "id-1" }))
      .use(logging({ logger, clock }))
      .handle(async () => clock.jump(12));
    await service("secret request", {});
    expect(lines).toEqual([["info", { requestId: "id-1", durationMs: 12, outcome: "served" }, "request served"]]);
  });

  it("warns of refusals, and gives faults with the error itself, which passes through", async () => {
    const { logger, lines } = listening();
    const refusal = new RejectedError("ERR_FULL", "no room", { reason: "full" });
    for (const error of [refusal, new Error("broken"), "a text", undefined]) {
      const service = pipeline<string>().use(logging({ logger })).handle(() => Promise.reject(error as unknown));
      await expect(service("", {})).rejects.toBe(error);
    }
    expect(lines.map(([level, fields, message]) => [level, message, "err" in fields])).toEqual([
      ["warn", "request refused", false],
      ["error", "request failed", true],
      ["error", "request failed", true],
      ["error", "request failed", true],
    ]);
    expect(lines[0]?.[1]).toMatchObject({ code: "ERR_FULL", reason: "full", outcome: "refused" });
    expect(lines[2]?.[1]).toMatchObject({ err: "a text", outcome: "failed" });
  });

  it("warns, and calls it no failure, when the caller had gone away", async () => {
    const { logger, lines } = listening();
    const service = pipeline<string>().use(logging({ logger, clock: new ManualClock() })).handle((_text, { signal }) => Promise.reject(signal?.reason));
    await expect(service("", { signal: AbortSignal.abort("bye") })).rejects.toBe("bye");
    expect(lines).toEqual([["warn", { durationMs: 0, outcome: "aborted", err: "bye" }, "request aborted"]]);
  });

  it("writes of a handler that throws before it promises, and rejects with what it threw", async () => {
    const { logger, lines } = listening();
    const fault = new Error("at once");
    const throwing = (): Promise<never> => {
      throw fault;
    };
    await expect(pipeline<string>().use(logging({ logger })).handle(throwing)("", {})).rejects.toBe(fault);
    expect(lines.map(([level, fields]) => [level, fields])).toMatchObject([["error", { err: fault }]]);
  });

  it("waits for a thenable as for a promise", async () => {
    const { logger, lines } = listening();
    let answer: (value: string) => void = () => undefined;
    const thenable = { then: (resolve: (value: string) => void) => void (answer = resolve) };
    const served = pipeline<string>().use(logging({ logger })).handle(() => thenable as unknown as Promise<string>)("", {});
    await settled();
    expect(lines).toEqual([]);
    answer("late");
    expect(await served).toBe("late");
    expect(lines).toHaveLength(1);
  });

  it("writes what was served at the level asked for, or not at all", async () => {
    const { logger, lines } = listening();
    const debug = (fields: object, message: string): void => void lines.push(["debug", fields, message]);
    for (const level of ["info", "debug", "silent"] as const) {
      const silent = vi.fn(); // pino has one, which costs a call
      await pipeline<string>().use(logging({ logger: { ...logger, debug, silent } as Logger, level })).handle(async () => 1)("", {});
      expect(silent).not.toHaveBeenCalled();
    }
    const failing = pipeline<string>().use(logging({ logger, level: "silent" })).handle(() => Promise.reject(new Error("broken")));
    await expect(failing("", {})).rejects.toThrow("broken");
    expect(lines.map(([level]) => level)).toEqual(["info", "debug", "error"]);
    expect(() => logging({ logger, level: "debug" })).toThrow("logger.debug must be a function, got undefined");
  });

  it("reads its options once", async () => {
    const { logger, lines } = listening();
    const options = { logger, level: "info" as "info" | "silent" };
    const service = pipeline<string>().use(logging(options)).handle(async () => 1);
    options.level = "silent";
    await service("", {});
    expect(lines).toHaveLength(1);
  });

  it("never writes the request or the answer", async () => {
    const { logger, lines } = listening();
    const service = pipeline<{ token: string }>().use(logging({ logger })).handle(async () => ({ card: "4111" }));
    await service({ token: "hunter2" }, {});
    expect(JSON.stringify(lines)).not.toMatch(/hunter2|4111/);
  });

  it("does not let a throwing logger fail the request", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const broken = (): never => {
      throw new Error("disk full");
    };
    const service = pipeline<string>().use(logging({ logger: { info: broken, warn: broken, error: broken } })).handle(async () => 1);
    expect(await service("", {})).toBe(1);
    const fault = new Error("the fault");
    const failing = pipeline<string>().use(logging({ logger: { info: broken, warn: broken, error: broken } })).handle(() => Promise.reject(fault));
    await expect(failing("", {})).rejects.toBe(fault);
    expect(warned).toHaveBeenCalledWith(new Error("disk full"));
    warned.mockRestore();
  });

  it("turns the rejection of a logger that promises into a warning", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const full = new Error("disk full");
    const broken: () => unknown = () => Promise.reject(full);
    expect(await pipeline<string>().use(logging({ logger: { info: broken, warn: broken, error: broken } })).handle(async () => 1)("", {})).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned.mock.calls).toEqual([[full]]);
    warned.mockRestore();
  });

  it("calls the logger's functions on the logger, as a class needs", async () => {
    class Counting {
      lines = 0;
      info(): void {
        this.lines += 1;
      }
      warn(): void {
        this.lines += 1;
      }
      error(): void {
        this.lines += 1;
      }
    }
    const logger = new Counting();
    await pipeline<string>().use(logging({ logger })).handle(async () => 1)("", {});
    expect(logger.lines).toBe(1);
  });

  it("refuses a logger that is none", () => {
    expect(() => logging({ logger: { info: () => undefined } as never })).toThrow("logger.warn must be a function, got undefined");
  });
});
