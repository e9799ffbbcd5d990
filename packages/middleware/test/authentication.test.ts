import { inspect } from "node:util";
import { isRejected } from "@breakwater/core";
import { authentication, logging, pipeline, staticTokens, timingSafeEqual, type Verify } from "@breakwater/middleware";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

interface Request {
  readonly token?: string | undefined;
}
interface User {
  readonly name: string;
}

function guarded(verify: Verify<User>) {
  const handler = vi.fn(async (_request: Request, call: { readonly user: User }) => call.user.name);
  const service = pipeline<Request>()
    .use(authentication({ credentials: ({ token }) => token, verify }))
    .handle(handler);
  return { handler, service: (token?: string) => service({ token }, {}) };
}

const ann: User = { name: "Ann" };

describe("authentication", () => {
  it("hands the user inward, from a verifier that answers at once, promises, or is a thenable", async () => {
    // what then() may be called with is the promise's own affair
    const thenable = { then: (resolve: (user: User) => void) => resolve(ann) } as PromiseLike<User>;
    for (const verdict of [ann, Promise.resolve(ann), thenable]) {
      expect(await guarded(() => verdict).service("x")).toBe("Ann");
    }
  });

  it.each([undefined, ""])("refuses missing credentials before anything is asked: %j", async (token) => {
    const verify = vi.fn(() => ann);
    const { service, handler } = guarded(verify);
    await expect(service(token)).rejects.toMatchObject({ code: "ERR_AUTHENTICATION", reason: "missing" });
    expect([verify.mock.calls.length, handler.mock.calls.length]).toEqual([0, 0]);
  });

  it.each([undefined, null, false, Promise.resolve(undefined), Promise.resolve(null)])("refuses what the verifier does not know: %s", async (verdict) => {
    const { service, handler } = guarded(() => verdict as undefined);
    const error: unknown = await service("wrong").catch((reason: unknown) => reason);
    expect(isRejected(error)).toBe(true);
    expect(error).toMatchObject({ name: "AuthenticationError", code: "ERR_AUTHENTICATION", reason: "invalid" });
    expect(handler).not.toHaveBeenCalled();
  });

  it("needs no call from JavaScript, and waits for a thenable that is a function", async () => {
    const seen: unknown[] = [];
    const verdict = Object.assign(() => undefined, { then: (resolve: (user: User) => void) => resolve(ann) });
    const layer = authentication({
      credentials: (token: string, call) => (seen.push(call), token),
      verify: (_token, call) => (seen.push(call), verdict as unknown as User),
    });
    const service = layer(async (_token: string, call) => call.user) as (token: string) => Promise<User>;
    expect([await service("x"), seen]).toEqual([ann, [{}, {}]]);
  });

  it("does not take an identity provider that is down for wrong credentials", async () => {
    const failure = new Error("no route to host");
    const throwing: Verify<User> = () => {
      throw failure;
    };
    for (const verify of [throwing, () => Promise.reject(failure)]) {
      await expect(guarded(verify).service("x")).rejects.toBe(failure);
    }
  });

  it("adds no promise to a verifier that answers at once, and changes neither request nor call", () => {
    const promise = Promise.resolve(1);
    const call = Object.freeze({ priority: 2 });
    const layer = authentication({ credentials: (request: Request) => request.token, verify: () => ann });
    const service = layer((_request: Request, inner: { readonly user: User }) => {
      expect(inner).toEqual({ priority: 2, user: ann });
      return promise;
    });
    expect(service(Object.freeze({ token: "x" }), call)).toBe(promise);
    expect(call).toEqual({ priority: 2 });
  });

  it("hands each of two requests at once its own user, whichever is verified first", async () => {
    const verdicts = new Map<string, (user: User) => void>();
    const { service } = guarded((token) => new Promise((resolve) => verdicts.set(token, resolve)));
    const answers = [service("a"), service("b")];
    verdicts.get("b")?.({ name: "Bob" });
    verdicts.get("a")?.(ann);
    expect(await Promise.all(answers)).toEqual(["Ann", "Bob"]);
  });

  it("takes what is no text for missing, as a repeated header is", async () => {
    await expect(guarded(() => ann).service(["x"] as never)).rejects.toMatchObject({ reason: "missing" });
    await expect(guarded(() => ann).service(null as never)).rejects.toMatchObject({ reason: "missing" });
  });

  it("lets the credentials into no error, no log line and no warning", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    // No text of ours holds a tilde, so that a secret is found only where it was let through.
    const secrets = fc.string({ maxLength: 40 }).map((text) => `~${text}~`);
    const verifiers: Verify<User>[] = [
      staticTokens({ "another token": ann }),
      async () => undefined,
      () => Promise.reject(new Error("the identity provider is down")),
      () => ann,
    ];
    await fc.assert(
      fc.asyncProperty(secrets, fc.constantFrom(...verifiers), fc.boolean(), async (secret, verify, isBroken) => {
        const told: unknown[] = [];
        const log = (...line: unknown[]): void => {
          told.push(line);
          if (isBroken) throw new Error("disk full");
        };
        const service = pipeline<Request>()
          .use(logging({ logger: { info: log, warn: log, error: log } }))
          .use(authentication({ credentials: ({ token }) => token, verify }))
          .handle(() => Promise.reject(new Error("a fault further in")));
        const error: unknown = await service({ token: secret }, {}).catch((reason: unknown) => reason);
        told.push(error, (error as Error).stack, (error as Error).cause, ...warned.mock.calls);
        warned.mockClear();
        const text = inspect(told, { depth: Infinity, showHidden: true, maxStringLength: Infinity });
        expect(told[0]).toHaveLength(2);
        // the escaped form too, which `inspect` and JSON write
        for (const form of [secret, inspect(secret).slice(1, -1), JSON.stringify(secret).slice(1, -1)]) expect(text).not.toContain(form);
      }),
    );
    warned.mockRestore();
  });

  it("captures no stack: refusing a flood of strangers is cheap", async () => {
    const error: unknown = await guarded(() => undefined).service("x").catch((reason: unknown) => reason);
    expect((error as Error).stack).toBe("AuthenticationError: credentials are not valid");
  });

  it("refuses options that are no functions", () => {
    expect(() => authentication({ credentials: 1 as never, verify: () => ann })).toThrow("credentials must be a function");
    expect(() => authentication({ credentials: () => "x", verify: 1 as never })).toThrow("verify must be a function");
  });
});

describe("static tokens", () => {
  it("know their users, from an object or a Map, and nobody else", () => {
    for (const verify of [staticTokens({ secret: ann }), staticTokens(new Map([["secret", ann]]))]) {
      expect(verify("secret", {})).toBe(ann);
      for (const wrong of ["secre", "secret ", "Secret", "", "constructor", "__proto__"]) expect(verify(wrong, {})).toBeUndefined();
    }
  });

  it("are read once", () => {
    const tokens: Record<string, User> = { secret: ann };
    const verify = staticTokens(tokens);
    tokens.late = ann;
    delete tokens.secret;
    expect([verify("secret", {}), verify("late", {})]).toEqual([ann, undefined]);
  });

  it("are all compared, also after the right one was found", () => {
    const looked: string[] = [];
    const spied = new Map([["aa", ann], ["bb", ann], ["cc", ann]].map(([token, user]) => [spy(token as string), user as User]));
    function spy(token: string): string {
      const charCodeAt = (index: number): number => (looked.push(token), token.charCodeAt(index));
      return { length: token.length, charCodeAt } as unknown as string;
    }
    staticTokens(spied)("aa", {});
    expect(looked).toEqual(["aa", "aa", "bb", "bb", "cc", "cc"]);
  });

  it("are an object or a Map", () => {
    expect(() => staticTokens("secret" as never)).toThrow("tokens must be an object or a Map, got string");
    expect(() => staticTokens(null as never)).toThrow("tokens must be an object or a Map, got null");
    // Otherwise whoever sends "0" would be let in.
    expect(() => staticTokens(["secret"] as never)).toThrow("tokens must be an object or a Map, got a list");
  });

  it("may not hold an empty one", () => {
    expect(() => staticTokens({ "": ann })).toThrow(TypeError);
  });
});

describe("the timing-safe comparison", () => {
  it("answers as === does", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect([timingSafeEqual(a, b), timingSafeEqual(a, a)]).toEqual([a === b, true]);
      }),
    );
    expect(timingSafeEqual("", "x")).toBe(false);
    expect(timingSafeEqual("x", "")).toBe(false);
    expect(timingSafeEqual("aa", "a")).toBe(false);
  });

  it("reads as many characters of a wrong guess as of a right one", () => {
    // A secret that counts how often it is looked at: the number must not tell where the difference is.
    const looks = (given: string): number => {
      let count = 0;
      const secret = { length: 6, charCodeAt: (index: number) => ((count += 1), "secret".charCodeAt(index)) };
      timingSafeEqual(given, secret as unknown as string);
      return count;
    };
    expect([looks("secret"), looks("xecret"), looks("secrex")]).toEqual([6, 6, 6]);
  });
});
