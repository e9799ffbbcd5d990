import { AsyncLocalStorage } from "node:async_hooks";
import type { Call } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import type { TimeoutMode } from "@breakwater/deadline";
import { describe, expect, it } from "vitest";
import { deaf, Held, makeTimeout, watch } from "./helpers.ts";

const users = ["ann", "bob"];

describe.each<TimeoutMode>(["cooperative", "aggressive"])("one timer for all calls, %s", (mode) => {
  it("aborts the signal of each in the async context of that call", async () => {
    const { timeout, clock } = makeTimeout({ mode });
    const context = new AsyncLocalStorage<string>();
    const heard: unknown[] = [];
    const works = users.map(() => new Held());
    for (const [index, user] of users.entries()) {
      const work = (call: Call): unknown => {
        call.signal?.addEventListener("abort", () => heard.push([user, context.getStore()]));
        return works[index]?.work(call);
      };
      context.run(user, () => watch(timeout.run(work)));
    }
    await clock.advanceAsync(100);
    expect(heard).toEqual(users.map((user) => [user, user]));
  });

  it("tells listeners and dispose in the async context of the call", async () => {
    const context = new AsyncLocalStorage<string>();
    const heard: unknown[] = [];
    const note = (what: string): void => void heard.push([what, context.getStore()]);
    const { timeout, clock } = makeTimeout({ mode, graceMs: 50, dispose: () => note("dispose") });
    for (const type of ["timedOut", "abandoned", "lateResult"] as const) timeout.on(type, () => note(type));
    for (const user of users) context.run(user, () => watch(timeout.run(deaf(clock, 200, 1))));
    await clock.advanceAsync(200);
    const events = mode === "cooperative" ? ["timedOut", "abandoned"] : ["timedOut"];
    const late = users.flatMap((user) => [["dispose", user], ["lateResult", user]]);
    expect(heard).toEqual([...events.flatMap((type) => users.map((user) => [type, user])), ...late]);
  });
});

it("a caller who aborts after the timer fired, and before the context is entered, has aborted", async () => {
  const { timeout, clock } = makeTimeout({ mode: "aggressive" });
  const controllers = [new AbortController(), new AbortController()] as const;
  timeout.on("timedOut", () => controllers[1].abort("gone"));
  const runs = controllers.map((controller) => watch(timeout.run(new Held().work, controller)));
  await clock.advanceAsync(100);
  await settled();
  expect(runs).toMatchObject([{ error: { code: "ERR_TIMEOUT" } }, { error: "gone" }]);
  expect(timeout.stats).toMatchObject({ timeouts: 1, neutrals: 1, abandoned: 2 });
});

it("tells of a grace that is over in the async context of the call, also if the caller aborted just before its time was over", async () => {
  const context = new AsyncLocalStorage<string>();
  const heard: unknown[] = [];
  const { timeout, clock } = makeTimeout({ graceMs: 50 });
  timeout.on("abandoned", ({ error }) => heard.push([error, context.getStore()]));
  const controllers = users.map((user) => {
    const controller = new AbortController();
    context.run(user, () => watch(timeout.run(new Held().work, controller)));
    return controller;
  });
  clock.setTimer(() => controllers.forEach((controller, index) => controller.abort(users[index])), 100); // behind the timeout's own
  await clock.advanceAsync(150);
  expect(heard).toEqual(users.map((user) => [user, user]));
});
