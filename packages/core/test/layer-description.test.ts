import { expect, it } from "vitest";
import { describeLayer, descriptionOf, type Guard } from "../src/index.ts";

it("a layer that was described is the same function, and says what it is", () => {
  const layer: Guard = (next) => next;
  expect(describeLayer(layer, { kind: "breaker", name: "orders" })).toBe(layer);
  expect(descriptionOf(layer)).toEqual({ kind: "breaker", name: "orders" });
  expect(Object.keys(layer)).toEqual([]);
});

it("one that nobody described is known by its function's name", () => {
  const tenant: Guard = (next) => next;
  expect(descriptionOf(tenant)).toEqual({ kind: "tenant" });
  expect(descriptionOf(((): Guard => (next) => next)())).toEqual({ kind: "layer" });
});

it("a description does not change with the object that it was given in", () => {
  const description = { kind: "retry" };
  const layer = describeLayer(() => undefined, description);
  description.kind = "other";
  expect(descriptionOf(layer).kind).toBe("retry");
});

it("a layer can be described anew, as by who wraps it", () => {
  const layer = describeLayer(() => undefined, { kind: "retry" });
  expect(descriptionOf(describeLayer(layer, { kind: "retry", name: "orders" })).name).toBe("orders");
});
