import { describeLayer, descriptionOf, type Guard, type LayerDescription } from "@breakwater/core";
import { describe as describeStack, perOperation, pipeline, stack, when } from "@breakwater/middleware";
import { describe, expect, it } from "vitest";

const layer = (kind: string, description: Omit<LayerDescription, "kind"> = {}): Guard => describeLayer<Guard>((next) => (input, call) => next(input, call), { kind, ...description });
const service = async (): Promise<number> => 1;
const identity = layer("authentication");

describe("a stack is described", () => {
  it("in the order in which a call meets its layers, by kind and name", () => {
    const tenant: Guard = (next) => next;
    expect(describeStack(stack(layer("request-id"), layer("breaker", { name: "orders" }), tenant))).toBe("request-id\nbreaker orders\ntenant");
  });

  it("with the layers of a stack in it in their places", () => {
    expect(describeStack(stack(layer("a"), stack(layer("b"), stack(layer("c"))), layer("d")))).toBe("a\nb\nc\nd");
  });

  it("with what stands behind a condition set in", () => {
    const isWrite = (input: unknown): boolean => input === "write";
    const branches = perOperation(String, { read: layer("cache"), write: stack(layer("breaker"), layer("retry")) }, layer("log"));
    const composed = pipeline<string>().use(layer("a")).use(when(isWrite, layer("audit"))).use(branches);
    expect(composed.describe()).toBe(
      ["a", "when isWrite", "  audit", "per-operation", "  read", "    cache", "  write", "    breaker", "    retry", "  otherwise", "    log"].join("\n"),
    );
  });

  it("for programs as data, stacks in it dissolved", () => {
    expect(descriptionOf(stack(layer("a"), stack(layer("b"), stack(layer("c")))))).toEqual({ kind: "stack", layers: [{ kind: "a" }, { kind: "b" }, { kind: "c" }] });
  });

  it("as what it is, alone", () => {
    expect(describeStack(layer("breaker"))).toBe("breaker");
    expect(describeStack(stack())).toBe("");
  });
});

describe("a layer that must stand inside another", () => {
  const sharing = layer("coalescing", { inside: ["authentication"] });

  it("may", () => {
    expect(() => stack(identity, layer("x"), sharing)).not.toThrow();
  });

  it("and stands outside it, fails the build with both names and the order", () => {
    const wrong = new TypeError("coalescing must stand inside authentication, but the order is coalescing > x > authentication");
    expect(() => stack(sharing, layer("x"), identity)).toThrow(wrong);
    expect(() => pipeline().use(sharing).use(layer("x")).use(identity).handle(service)).toThrow(wrong);
  });

  it("is found in a stack in a stack", () => {
    expect(() => stack(stack(sharing), stack(layer("x"), identity))).toThrow("coalescing must stand inside authentication");
    expect(() => stack(when(() => true, sharing), identity)).toThrow("coalescing must stand inside authentication");
  });

  it("may stand anywhere where there is none", () => {
    expect(() => stack(sharing)(service)).not.toThrow();
  });

  it("may stand between two of them", () => {
    expect(() => stack(identity, sharing, identity)).not.toThrow();
  });

  it("does not see what is in another branch", () => {
    expect(() => stack(perOperation(String, { read: sharing, write: identity }))).not.toThrow();
    expect(() => stack(perOperation(String, { read: stack(sharing, identity), write: identity }))).toThrow("must stand inside");
    expect(() => stack(perOperation(String, { read: sharing }), identity)).toThrow("must stand inside");
  });

  it("sees what is in the branches of another fork, which a call meets as well", () => {
    expect(() => stack(perOperation(String, { read: sharing }), perOperation(String, { read: identity }))).toThrow("must stand inside");
    const audit = layer("audit", { needs: ["authentication"] });
    const both = stack(perOperation(String, { write: identity }), perOperation(String, { write: audit }));
    expect(() => both(service)).not.toThrow();
  });
});

describe("a layer that must stand outside another", () => {
  const outer = layer("retry", { name: "calls", outside: ["timeout"] });

  it("and stands inside it, fails the build", () => {
    expect(() => stack(outer, layer("timeout"))).not.toThrow();
    expect(() => stack(layer("timeout"), outer)).toThrow(new TypeError("retry calls must stand outside timeout, but the order is timeout > retry calls"));
  });
});

describe("a layer that needs another", () => {
  const audit = layer("audit", { needs: ["authentication"] });

  it("does not go round a service without it", () => {
    expect(() => stack(layer("a"), audit)(service)).toThrow(new TypeError("audit needs authentication outside it, but the order is a > audit"));
    expect(() => pipeline().use(audit).handle(service)).toThrow("audit needs authentication outside it");
  });

  it("can stand in a stack that another one completes", () => {
    const half = stack(layer("a"), audit);
    expect(() => stack(identity, half)(service)).not.toThrow();
    expect(() => stack(identity, when(() => true, half))(service)).not.toThrow();
    expect(() => pipeline().use(identity).use(perOperation(String, { write: half })).handle(service)).not.toThrow();
  });

  it("fails at once when what it needs stands further in", () => {
    expect(() => stack(audit, identity)).toThrow("audit must stand inside authentication");
  });
});
