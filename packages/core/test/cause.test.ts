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

it("leaves an error whose cause cannot be read or set, and throws nothing", () => {
  const unreadable = Object.defineProperty(new Error("second"), "cause", {
    get: () => {
      throw new Error("getter");
    },
  });
  const fixed = Object.defineProperty(new Error("second"), "cause", { value: undefined });
  for (const error of [unreadable, fixed]) expect(withCause(error, "first")).toBe(error);
  expect(withCause(new Error("third"), unreadable)).toBeInstanceOf(Error);
});

it("makes no circle", () => {
  const first = new Error("first");
  const second = new Error("second", { cause: first });
  expect(withCause(first, second).cause).toBeUndefined();
  expect(withCause(first, first).cause).toBeUndefined();
});

it("leaves an error whose chain of causes runs in a circle already, or is endless", () => {
  const [one, other] = [new Error("one"), new Error("other")];
  one.cause = other;
  other.cause = one;
  expect(withCause(new Error("second"), one).cause).toBeUndefined();
});
