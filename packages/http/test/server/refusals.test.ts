import { Breaker, consecutiveFailures } from "@breakwater/breaker";
import { RejectedError, type Call, type Service } from "@breakwater/core";
import { DeadlineExceededError, TimeoutError } from "@breakwater/deadline";
import { statusOfError, StatusError } from "@breakwater/http";
import { httpRoute, type HttpRequest } from "@breakwater/http/node";
import { ConcurrencyLimiter, LimiterRejectedError, rateLimitHeaders, RateLimiter, tokenBucket, type LimiterRejectionReason } from "@breakwater/limiter";
import { authentication, loadShedding, staticTokens, validation, type StandardSchema } from "@breakwater/middleware";
import { describe, expect, it } from "vitest";
import { ask, postJson, serve, until } from "./helpers.ts";

class Refusal extends RejectedError {
  constructor(reason: string, retryAfterMs?: number) {
    super("ERR_POOL_FULL", "pool orders at db.internal is full", { reason, retryAfterMs });
  }
}

const one: Service<HttpRequest, number> = async () => 1;
const failing = (error: unknown): Service<HttpRequest, never> => () => Promise.reject(error);

describe("the status of an error", () => {
  it.each<[LimiterRejectionReason, number]>([
    ["rate", 429],
    ["blocked", 429],
    ["queue-full", 429],
    ["evicted", 429],
    ["timeout", 429],
    ["too-heavy", 429],
    ["deadline", 504],
    ["overloaded", 503],
    ["closed", 503],
  ])("a limiter's %s is a %i", (reason, status) => {
    expect(statusOfError(new LimiterRejectedError("no", { reason, limit: 1, source: undefined }))).toBe(status);
  });

  it("goes by code and reason, and everything else is a 500", () => {
    expect(statusOfError(new TimeoutError({ timeoutMs: 1, reason: "timeout" }))).toBe(504);
    expect(statusOfError(new DeadlineExceededError({ reason: "expired", remainingMs: 0, expectedMs: 1 }))).toBe(504);
    expect(statusOfError(new Refusal("full"))).toBe(503);
    expect(statusOfError(new Refusal("rate"))).toBe(429);
    expect(statusOfError(new StatusError(404, "gone"))).toBe(404);
    for (const other of [new Error("no"), "text", null, undefined, { code: 7 }]) expect(statusOfError(other)).toBe(500);
  });

  it("what another copy of a package refused counts as well", () => {
    for (const code of ["ERR_TIMEOUT", "ERR_CACHE_TIMEOUT", "ERR_COALESCING_TIMEOUT"]) expect(statusOfError(Object.assign(new Error("no"), { code }))).toBe(504);
  });
});

describe("refusals of a real stack", () => {
  it("an open breaker, a limiter and a shedder say when to come back, in whole seconds from 1", async () => {
    const breaker = new Breaker({ breakMs: 1_500, trip: consecutiveFailures(1) });
    await breaker.run(() => Promise.reject(new Error("down"))).catch(() => undefined);
    const server = await serve({
      "/breaker": httpRoute(breaker.layer(one)),
      "/soon": httpRoute(failing(new Refusal("full", 1))),
      "/never": httpRoute(failing(new Refusal("full", Infinity))),
      "/shed": httpRoute(loadShedding({ load: () => 1 })(one)),
    });
    const open = await ask(server, { path: "/breaker" });
    expect([open.status, open.headers["retry-after"], open.headers["cache-control"]]).toEqual([503, "2", "no-store"]);
    expect(open.json()).toEqual({ type: "about:blank", title: "Service Unavailable", status: 503, code: "ERR_BREAKER_OPEN", reason: "open", retryAfterMs: expect.any(Number) as number });
    const soon = await ask(server, { path: "/soon" });
    expect([soon.headers["retry-after"], soon.text.includes("db.internal")]).toEqual(["1", false]);
    expect((await ask(server, { path: "/never" })).headers["retry-after"]).toBeUndefined();
    const shed = await ask(server, { path: "/shed" });
    expect([shed.status, Number(shed.headers["retry-after"]) >= 1]).toEqual([503, true]);
  });

  it("401 with a challenge, 400 with the issues", async () => {
    const schema: StandardSchema<unknown, number> = {
      "~standard": { version: 1, vendor: "test", validate: (value) => (typeof value === "number" ? { value } : { issues: [{ message: "no number", path: ["n"] }] }) },
    };
    const authenticated = authentication({ credentials: ({ headers }: HttpRequest) => headers.authorization, verify: staticTokens({ "Bearer a": "ann" }) });
    const server = await serve({
      "/me": httpRoute(authenticated(async (_: HttpRequest, { user }: Call & { readonly user: string }) => user)),
      "/n": httpRoute(validation<unknown, number>(schema)(async (n: number) => n + 1), { decode: ({ body }) => body }),
    });
    const stranger = await ask(server, { path: "/me" });
    expect([stranger.status, stranger.headers["www-authenticate"], stranger.json()]).toMatchObject([401, "Bearer", { code: "ERR_AUTHENTICATION", reason: "missing" }]);
    expect((await ask(server, { path: "/me", headers: { authorization: "Bearer a" } })).json()).toBe("ann");
    const invalid = await postJson({ url: `${server.url}/n` }, "x").catch((error: unknown) => error);
    expect(invalid).toMatchObject({ status: 404 });
    const wrong = await ask(server, { method: "POST", path: "/n", headers: { "content-type": "application/json" }, body: '"x"' });
    expect([wrong.status, wrong.json()]).toMatchObject([400, { code: "ERR_VALIDATION", issues: [{ path: ["n"], message: "no number" }] }]);
  });

  it("429 with the fields of the rate limit: what is left for each, the policy where it is given", async () => {
    const limiter = new RateLimiter({ algorithm: tokenBucket({ refillPerSecond: 0.1, burst: 1 }), queueLimit: 0 });
    const route = httpRoute(limiter.layer(one));
    const server = await serve(route, { headersOf: () => rateLimitHeaders(limiter.check()) });
    expect((await ask(server)).status).toBe(200);
    const refused = await ask(server);
    expect([refused.status, refused.headers]).toMatchObject([429, { "retry-after": "10", ratelimit: '"default";r=0;t=10', "ratelimit-policy": '"default";q=1;w=10' }]);
    const plain = await ask(await serve(route));
    expect([plain.status, plain.headers]).toMatchObject([429, { "retry-after": "10", ratelimit: '"default";r=0;t=10' }]);
  });

  it("a full limiter is a 429, and a client that goes leaves its place", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1, queueLimit: 0 });
    const waiting: Service<HttpRequest, never> = (_, { signal }) => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const server = await serve(httpRoute(limiter.layer(waiting)));
    const controller = new AbortController();
    const first = ask(server, { signal: controller.signal }).catch((error: unknown) => error);
    await until(() => limiter.inUse === 1);
    expect(await ask(server)).toMatchObject({ status: 429 });
    controller.abort();
    await first;
    await until(() => limiter.inUse === 0);
    expect(server.stats).toMatchObject({ failed: 0, gone: 1, answered: 1 });
  });

  it("statusOf decides first, and what it or a listener throws fails no answer", async () => {
    const heard: unknown[] = [];
    const server = await serve(
      { "/teapot": httpRoute(failing(new TypeError("tea"))), "/throws": httpRoute(failing(new RangeError("no"))) },
      {
        statusOf: (error) => {
          if (error instanceof RangeError) throw new Error("statusOf");
          return error instanceof TypeError ? 418 : undefined;
        },
        onError: (error) => {
          heard.push(error);
          throw new Error("onError");
        },
      },
    );
    const warnings: unknown[] = [];
    process.on("warning", (warning) => warnings.push(warning.message));
    expect((await ask(server, { path: "/teapot" })).json()).toEqual({ type: "about:blank", title: "Client Error", status: 418 });
    expect((await ask(server, { path: "/throws" })).status).toBe(500);
    expect(heard).toHaveLength(1);
    expect(warnings).toEqual(["statusOf", "onError"]);
    process.removeAllListeners("warning");
  });
});
