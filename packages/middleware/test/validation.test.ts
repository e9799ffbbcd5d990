import { descriptionOf, isRejected, type Call, type Service } from "@breakwater/core";
import { pipeline, requestId, stack, validation, ValidationError, type StandardSchema, type Validation, type ValidationIssue } from "@breakwater/middleware";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import * as z from "zod";

const order = z.object({
  item: z.string().min(1),
  price: z.string().transform(Number),
  count: z.number().default(1),
});
const echo = async <T>(input: T): Promise<T> => input;

/** A schema by hand, which answers this to everything. */
function answering(result: unknown): StandardSchema<string, number> {
  return { "~standard": { version: 1, vendor: "test", validate: () => result as { value: number } } };
}

async function errorOf(promise: Promise<unknown>): Promise<ValidationError> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(ValidationError);
  return error as ValidationError;
}

describe("validation", () => {
  it("hands inward what the schema made of the input, transforms and defaults applied", async () => {
    const raw = Object.freeze({ item: "lamp", price: "12.5" });
    expect(await validation(order)(echo)(raw, {})).toEqual({ item: "lamp", price: 12.5, count: 1 });
    expect(raw).toEqual({ item: "lamp", price: "12.5" });
  });

  it("refuses what the schema does not take, before anything further in is asked, and says what and where", async () => {
    const handler = vi.fn(echo);
    const error = await errorOf(validation(order, { name: "order" })(handler)({ item: "", price: 5 as never }, {}));
    expect(isRejected(error)).toBe(true);
    expect(error).toMatchObject({ name: "ValidationError", code: "ERR_VALIDATION", reason: "invalid", source: "order", retryAfterMs: undefined, issueCount: 2 });
    expect(error.issues.map(({ path }) => path)).toEqual([["item"], ["price"]]);
    expect(error.message).toBe(`input is not valid: item: ${error.issues[0]?.message ?? ""} (and 1 more)`);
    expect(handler).not.toHaveBeenCalled();
  });

  it("never holds a value of the input, only where it is and what the schema says of it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, maxLength: 30 }), async (text) => {
        const secret = `~${text}~`;
        // zod reports the input in its issues when it is told to
        const schema = z.object({ a: z.number(), b: z.enum(["x", "y"]), c: z.array(z.literal(1)), d: z.email() });
        const told: StandardSchema = {
          "~standard": {
            version: 1,
            vendor: "test",
            validate: (value) => ({ issues: schema.safeParse(value, { reportInput: true }).error?.issues ?? [] }),
          },
        };
        const error = await errorOf(validation(told)(echo)({ a: secret, b: secret, c: [secret], d: secret }, {}));
        expect(error.issues).toHaveLength(4);
        expect(JSON.stringify([error, error.message, error.issues])).not.toContain(JSON.stringify(secret).slice(1, -1));
      }),
    );
  });

  it("costs no promise with a schema that answers at once", () => {
    const promise = Promise.resolve(1);
    const service = validation(order)(() => promise);
    expect(service({ item: "lamp", price: "1" }, {})).toBe(promise);
  });

  it("waits for a schema that promises, or answers a thenable", async () => {
    const unique = order.refine(async ({ item }) => item !== "taken");
    const service = validation(unique)(echo);
    expect(await service({ item: "lamp", price: "1" }, {})).toMatchObject({ price: 1 });
    expect(await errorOf(service({ item: "taken", price: "1" }, {}))).toMatchObject({ issues: [{ path: [] }] });
    const thenable = { then: (resolve: (result: unknown) => void) => resolve({ value: 7 }) };
    expect(await validation(answering(thenable))(echo)("", {})).toBe(7);
  });

  it("takes an error of the schema itself for no verdict on the input", async () => {
    const fault = new Error("no connection to the list of items");
    const throwing = (): never => {
      throw fault;
    };
    const schemas = [() => z.string().transform(throwing), () => answering(Promise.reject(fault))];
    for (const make of schemas) {
      const schema = make();
      await expect(validation<string, unknown>(schema)(echo)("x", {})).rejects.toBe(fault);
    }
  });

  it("rejects with what the service throws at once, and changes no rejection", async () => {
    const fault = new Error("at once");
    const throwing = (): never => {
      throw fault;
    };
    await expect(validation(order)(throwing)({ item: "lamp", price: "1" }, {})).rejects.toBe(fault);
    const text: unknown = "a text";
    await expect(validation(order)(() => Promise.reject(text))({ item: "lamp", price: "1" }, {})).rejects.toBe("a text");
  });

  it("hands the call on as it is, and one that carries nothing where JavaScript left it out", async () => {
    const call = Object.freeze({ priority: 2 });
    const calls: Call[] = [];
    const service = validation(order)(async (_, given: Call) => calls.push(given));
    await service({ item: "lamp", price: "1" }, call);
    await (service as (input: { item: string; price: string }) => Promise<unknown>)({ item: "lamp", price: "1" });
    expect(calls[0]).toBe(call);
    expect(calls[1]).toEqual({});
  });

  it("reads path segments that are keys, or objects with one, and issues without a path or with none at all", async () => {
    const symbol = Symbol("s");
    const issues = [{ message: "deep", path: [{ key: "list" }, 0, symbol] }, { message: "whole" }];
    const error = await errorOf(validation(answering({ issues }))(echo)("", {}));
    expect(error.issues).toEqual([{ message: "deep", path: ["list", 0, symbol] }, { message: "whole", path: [] }]);
    expect(error.message).toBe("input is not valid: list.0.Symbol(s): deep (and 1 more)");
    expect(await errorOf(validation(answering({ issues: [] }))(echo)("", {}))).toMatchObject({ message: "input is not valid", issueCount: 0 });
  });

  it("keeps the first hundred of a flood of issues, and their number", async () => {
    const error = await errorOf(validation(z.array(z.number()))(echo)(Array.from({ length: 5000 }, () => "x") as never, {}));
    expect([error.issues.length, error.issueCount]).toEqual([100, 5000]);
    expect(error.message).toContain("(and 4999 more)");
  });

  it("captures no stack", async () => {
    const error = await errorOf(validation(order)(echo)(null as never, {}));
    expect(error.stack).toBe(`ValidationError: ${error.message}`);
  });

  it("takes schemas that are functions, and calls validate on its object", async () => {
    class Standard {
      readonly version = 1;
      readonly vendor = "test";
      readonly #value = 7;
      validate(): { value: number } {
        return { value: this.#value };
      }
    }
    const schema = Object.assign(() => undefined, { "~standard": new Standard() });
    expect(await validation(schema)(echo)("", {})).toBe(7);
  });

  it("refuses what is no schema of version 1", () => {
    for (const none of [undefined, null, 7, {}, { "~standard": {} }]) {
      expect(() => validation(none as never)).toThrow('schema["~standard"].validate must be a function, got undefined');
    }
    expect(() => validation({ "~standard": { version: 2, vendor: "x", validate: () => ({ value: 1 }) } } as never)).toThrow(
      'schema["~standard"].version must be 1, got 2',
    );
  });

  it("says what it is", () => {
    expect(descriptionOf(validation(order, { name: "order" }))).toEqual({ kind: "validation", name: "order" });
  });
});

describe("types of validation", () => {
  interface Raw {
    item: string;
    price: string;
    count?: number | undefined;
  }
  interface Parsed {
    item: string;
    price: number;
    count: number;
  }

  it("are the schema's output inside and its input outside, whatever the service answers and asks of the call", () => {
    expectTypeOf(validation(order)).toEqualTypeOf<Validation<z.input<typeof order>, z.output<typeof order>>>();
    const service = validation(order)(async (parsed, call: Call & { readonly user: string }) => {
      expectTypeOf(parsed).toEqualTypeOf<Parsed>();
      return call.user.length;
    });
    expectTypeOf(service).toEqualTypeOf<Service<Raw, number, Call & { readonly user: string }>>();
    expectTypeOf(service).parameter(0).not.toEqualTypeOf<Parsed>();
    // @ts-expect-error: inside, the price is a number
    validation(order)(async (parsed: Raw) => parsed);
  });

  it("can take what is not known yet", () => {
    const service = validation<unknown, Parsed>(order)(async ({ price }) => price);
    expectTypeOf(service).toEqualTypeOf<Service<unknown, number>>();
  });

  it("let a pipeline stand inside, and the whole stand in one as its handler", async () => {
    const inner = pipeline<Parsed>().use(requestId()).handle(async ({ price }, call) => [price, call.requestId.length > 0]);
    const outer = pipeline<Raw>().use(requestId()).handle(validation(order)(inner));
    expectTypeOf(outer).toEqualTypeOf<Service<Raw, (number | boolean)[]>>();
    expect(await outer({ item: "lamp", price: "12" }, {})).toEqual([12, true]);
  });

  it("stay generic in a stack of its own, and fit where nothing is asked of the call in others", () => {
    const priceOf = async ({ price }: Parsed, { user }: Call & { readonly user: string }): Promise<string> => `${user} ${price}`;
    expectTypeOf(stack(validation(order))(priceOf)).toEqualTypeOf<Service<Raw, string, Call & { readonly user: string }>>();
    const inside = stack(validation(order), requestId())(async ({ price }, call) => `${call.requestId} ${price}`);
    expectTypeOf(inside).toExtend<Service<Raw, unknown>>();
  });

  it("of an issue", () => {
    expectTypeOf<ValidationError["issues"]>().toEqualTypeOf<readonly ValidationIssue[]>();
    expectTypeOf<ValidationError["code"]>().toEqualTypeOf<"ERR_VALIDATION">();
    expectTypeOf<ValidationError["reason"]>().toEqualTypeOf<"invalid">();
  });
});
