import { describe, expect, it } from "vitest";
import { readSocketInput } from "../../src/network/wire.ts";

describe("a message over WebSocket", () => {
  it("is read, and nothing that is not asked for is taken over", () => {
    const input = { id: 7, data: "x", product: 3, token: "t", admin: true };
    expect(readSocketInput({ operation: "order", input })).toEqual({ operation: "order", input: { id: 7, data: "x", product: 3, token: "t", fail: false } });
    expect(readSocketInput({ operation: "product", input: { product: 0 } })).toEqual({ operation: "product", input: { product: 0, token: undefined } });
    expect(readSocketInput({ operation: "note", input: { id: 7, text: "x" } })).toEqual({ operation: "note", input: { id: 7, token: undefined } });
  });

  it.each([
    [null, "the request must be an object"],
    [{ operation: "order" }, "the request must be an object"],
    [{ operation: "constructor", input: {} }, "operation must be order, product or note"],
    [{ operation: "order", input: { id: 0.5, data: "", product: 1 } }, "id must be a whole number"],
    [{ operation: "note", input: { id: "7" } }, "id must be a whole number"],
    [{ operation: "order", input: { id: 1, data: 1, product: 1 } }, "data must be a string"],
    [{ operation: "product", input: { product: 12 } }, "product must be a whole number from 0 to 11"],
    [{ operation: "product", input: { product: "1" } }, "product must be a whole number from 0 to 11"],
  ])("%j is answered with what is wrong", (message, detail) => {
    expect(() => readSocketInput(message)).toThrow(expect.objectContaining({ status: 400, reason: "malformed", message: detail }) as Error);
  });
});
