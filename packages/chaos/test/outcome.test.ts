import type { Call } from "@breakwater/core";
import { injectOutcome, weighted } from "@breakwater/chaos";
import { describe, expect, it } from "vitest";
import { echo, fate } from "./helpers.ts";

describe("an injected outcome", () => {
  it("is answered in place of the work, as it was given", async () => {
    const { service, calls } = echo();
    const list: string[] = [];
    expect(await injectOutcome({ rate: 1, result: list })(async () => ["real"])("a", {})).toBe(list);
    expect(await injectOutcome<string | undefined>({ rate: 1, result: undefined })(service)("a", {})).toBe(undefined);
    expect(calls).toEqual([]);
  });

  it("can be made for each call, by a promise too; what is thrown in making, the call rejects with", async () => {
    const { service } = echo();
    const call = { priority: 2 };
    const made = injectOutcome({ rate: 1, result: (input: string, { priority }: Call) => `${input} ${priority ?? ""}` });
    expect(await made(service)("a", call)).toBe("a 2");
    expect(await injectOutcome({ rate: 1, result: async () => "promised" })(service)("a", {})).toBe("promised");
    const fault = new Error("in making");
    const throwing = (): never => {
      throw fault;
    };
    expect(await fate(injectOutcome<string>({ rate: 1, result: throwing })(service)("a", {}))).toBe(fault);
  });

  it("can be one of several, made or given", async () => {
    const result = weighted([{ weight: 1, value: () => "made" }, { weight: 1, value: "given" }]);
    const dice = [0, 0.9];
    const service = injectOutcome<string>({ rate: 1, result, random: () => dice.shift() ?? 0 })(echo().service);
    expect([await service("a", {}), await service("a", {})]).toEqual(["made", "given"]);
  });

  it("comes only where it matches, and goes round a piece of work as well", async () => {
    const layer = injectOutcome({ rate: 1, result: "made up", when: (input: string) => input === "a" });
    const service = layer(echo().service);
    expect([await service("a", {}), await service("b", {})]).toEqual(["made up", "did b"]);
    expect(await layer.run(() => "real", {}, "a")).toBe("made up");
    expect(await layer.run(() => "real", {}, "b")).toBe("real");
  });
});
