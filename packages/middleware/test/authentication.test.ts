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
    const thenable: PromiseLike<User> = Promise.resolve(ann);
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

  it("does not take an identity provider that is down for wrong credentials", async () => {
    const failure = new Error("no route to host");
    const throwing: Verify<User> = () => {
      throw failure;
    };
    for (const verify of [throwing, () => Promise.reject(failure)]) {
      await expect(guarded(verify).service("x")).rejects.toBe(failure);
    }
  });

  it("lets the credentials into no error and no log", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 8, maxLength: 40 }), async (secret) => {
        const lines: unknown[] = [];
        const log = (...line: unknown[]): void => void lines.push(line);
        const service = pipeline<Request>()
          .use(logging({ logger: { info: log, warn: log, error: log } }))
          .use(authentication({ credentials: ({ token }) => token, verify: staticTokens({ "another token": ann }) }))
          .handle(async () => 1);
        const error = await service({ token: secret }, {}).catch((reason: unknown) => reason);
        const { stack, message } = error as Error;
        const told = JSON.stringify([lines, error, stack, message, Object.entries(error as Error)]);
        expect(told).not.toContain(JSON.stringify(secret).slice(1, -1));
      }),
    );
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
