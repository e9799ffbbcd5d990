import { expect, it } from "vitest";
import { withCause } from "../src/index.ts";

it("keeps what an error came instead of as its cause", () => {
  const error = new Error("second");
  expect(withCause(error, "first")).toBe(error);
  expect(error.cause).toBe("first");
  expect(Object.keys(error)).toEqual([]);
});

it("leaves a cause that is there, a frozen error, and what is no error", () => {
  const caused = new Error("second", { cause: "its own" });
  expect(withCause(caused, "first").cause).toBe("its own");
  expect(withCause(Object.freeze(new Error("frozen")), "first").cause).toBeUndefined();
  expect(withCause("text", "first")).toBe("text");
});

it("makes no circle", () => {
  const first = new Error("first");
  const second = new Error("second", { cause: first });
  expect(withCause(first, second).cause).toBeUndefined();
  expect(withCause(first, first).cause).toBeUndefined();
});
