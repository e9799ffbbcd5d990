import type { Call, Service } from "@breakwater/core";
import { authentication, pipeline, requestId, validation, type StandardSchema } from "@breakwater/middleware";
import { createService, operation, operationName, type InputOf, type Operation, type OperationCall, type OperationMaker, type OutputOf } from "@breakwater/service";
import { describe, expectTypeOf, it } from "vitest";

interface User {
  readonly name: string;
}

interface Authorized {
  readonly token?: string;
}

const authorized = pipeline<Authorized>().use(
  authentication({ credentials: ({ token }) => token, verify: (token): User | undefined => (token === "x" ? { name: "Ann" } : undefined) }),
);

describe("types of operations", () => {
  it("know the input and output of each name", () => {
    const service = createService().operations({
      greet: operation(async (name: string) => ({ text: name })),
      sum: operation({ timeoutMs: 10 }, async (numbers: readonly number[]) => numbers.length),
    });
    expectTypeOf<Parameters<typeof service.call<"greet">>>().toEqualTypeOf<[name: "greet", input: string, call?: Call]>();
    expectTypeOf<ReturnType<typeof service.call<"greet">>>().toEqualTypeOf<Promise<{ text: string }>>();
    expectTypeOf(service.operation("sum")).toEqualTypeOf<Service<readonly number[], number>>();
    expectTypeOf(service.operations).toEqualTypeOf<readonly ("greet" | "sum")[]>();
    expectTypeOf(service.stats.operations).toHaveProperty("greet");
    // @ts-expect-error: no such operation
    void service.call("gret", "Ann").catch(() => undefined);
    // @ts-expect-error: a text is no list of numbers
    void service.call("sum", "Ann").catch(() => undefined);
  });

  it("give handlers the call that says which operation it is", () => {
    operation(async (_input: string, call) => {
      expectTypeOf(call).toEqualTypeOf<OperationCall>();
    });
    operation({ middleware: pipeline<string>().use(requestId()) }, async (input, call) => {
      expectTypeOf(input).toEqualTypeOf<string>();
      expectTypeOf(call.requestId).toEqualTypeOf<string>();
      expectTypeOf(call.operation).toEqualTypeOf<string>();
      expectTypeOf(call.signal).toEqualTypeOf<AbortSignal | undefined>();
    });
  });

  it("take from a converting middleware the raw input outside and the parsed one inside", () => {
    const schema = {} as StandardSchema<{ raw: string }, { parsed: number }>;
    const convert = () => operation({ middleware: pipeline<{ raw: string }>().use(validation(schema)) }, async ({ parsed }) => parsed);
    expectTypeOf(convert).returns.toEqualTypeOf<Operation<{ raw: string }, number>>();
    expectTypeOf<InputOf<ReturnType<typeof convert>>>().toEqualTypeOf<{ raw: string }>();
    expectTypeOf<OutputOf<ReturnType<typeof convert>>>().toEqualTypeOf<number>();
  });

  it("give handlers made by the function what the service's middleware provides", () => {
    createService({ middleware: authorized }).operations((make) => ({
      whoami: make(async (_input: Authorized, call) => {
        expectTypeOf(call.user).toEqualTypeOf<User>();
        expectTypeOf(call.operation).toEqualTypeOf<string>();
        return call.user.name;
      }),
      both: make({ middleware: pipeline<Authorized & { id: number }>().use(requestId()) }, async ({ id }, call) => {
        expectTypeOf(call.user).toEqualTypeOf<User>();
        expectTypeOf(call.requestId).toEqualTypeOf<string>();
        return id;
      }),
    }));
  });

  it("know their inputs when they are made by the function, with options and without, and where the handler takes none", () => {
    const service = createService({ name: "shop" }).operations((make) => ({
      timed: make({ timeoutMs: 10 }, async ({ token }: Authorized) => token),
      plain: make(async ({ token }: Authorized) => token),
      parsed: make({ middleware: pipeline<string>().use(requestId()) }, async (text, call) => text + call.requestId),
      none: make(async () => 1),
      noneTimed: make({ timeoutMs: 10 }, async () => 1),
    }));
    expectTypeOf(service.operation("timed")).toEqualTypeOf<Service<Authorized, string | undefined>>();
    expectTypeOf(service.operation("plain")).toEqualTypeOf<Service<Authorized, string | undefined>>();
    expectTypeOf(service.operation("parsed")).toEqualTypeOf<Service<string, string>>();
    expectTypeOf(service.operation("none")).toEqualTypeOf<Service<unknown, number>>();
    expectTypeOf(service.operation("noneTimed")).toEqualTypeOf<Service<unknown, number>>();
  });

  it("know the same when they are made as they are", () => {
    const service = createService({ name: "shop" }).operations({
      timed: operation({ timeoutMs: 10 }, async ({ token }: Authorized) => token),
      parsed: operation({ middleware: pipeline<string>().use(requestId()) }, async (text, call) => text + call.requestId),
      none: operation({ timeoutMs: 10 }, async () => 1),
    });
    expectTypeOf(service.operation("timed")).toEqualTypeOf<Service<Authorized, string | undefined>>();
    expectTypeOf(service.operation("parsed")).toEqualTypeOf<Service<string, string>>();
    expectTypeOf(service.operation("none")).toEqualTypeOf<Service<unknown, number>>();
  });

  it("can be made elsewhere, for a service that provides what they need", () => {
    const whoami = (make: OperationMaker<Authorized, OperationCall & { readonly user: User }>) => make(async (_input: Authorized, call) => call.user.name);
    const service = createService({ middleware: authorized }).operations((make) => ({ whoami: whoami(make) }));
    expectTypeOf(service.operation("whoami")).toEqualTypeOf<Service<Authorized, string>>();
  });

  it("refuse a handler that asks for what nobody provides, and an input that the service's middleware cannot read", () => {
    // @ts-expect-error: nobody provides user
    operation(async (_input: string, call) => call.user as unknown);
    const needy = {} as ReturnType<OperationMaker<unknown, OperationCall & { readonly user: User }>>;
    // @ts-expect-error: it needs a user
    const wrongCall = (): unknown => createService().operations({ needy });
    // @ts-expect-error: a number has no token
    const wrongInput = (): unknown => createService({ middleware: authorized }).operations({ sum: operation(async (n: number) => n) });
    // @ts-expect-error: a number has no token
    const wrongMade = (): unknown => createService({ middleware: authorized }).operations((make) => ({ sum: make(async (n: number) => n) }));
    const converting = () => pipeline<string>().use(validation({} as StandardSchema<string, number>));
    // @ts-expect-error: what the service's middleware converts, no operation can say
    const converted = (): unknown => createService({ middleware: converting() }).operations({ half: operation(async (n: number) => n / 2) });
    expectTypeOf([wrongCall, wrongInput, wrongMade, converted]).toBeArray();
  });

  it("let the service's middleware read the operation's name", () => {
    pipeline<string>()
      .use(operationName())
      .handle(async (_input, call) => {
        expectTypeOf(call.operation).toEqualTypeOf<string>();
      });
  });
});
