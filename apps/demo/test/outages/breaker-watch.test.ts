import { expect, it } from "vitest";
import { BreakerWatch } from "../../src/outages/breaker-watch.ts";

it("the breakers are closed when the latest that each process told is that", () => {
  let now = 0;
  const watch = new BreakerWatch(() => (now += 1));
  expect(watch.isClosed("postgres")).toBe(true);
  watch.hear({ type: "breaker", name: "postgres", to: "open" }, "service-1");
  watch.hear({ type: "breaker", name: "postgres", to: "open" }, "service-2");
  watch.hear({ type: "breaker", name: "postgres", to: "closed" }, "service-1");
  expect(watch.isClosed("postgres")).toBe(false);
  watch.hear({ type: "breaker", name: "postgres", to: "closed" }, "service-2");
  expect([watch.isClosed("postgres"), watch.isClosed("redis")]).toEqual([true, true]);
  expect(watch.since("postgres", 3).map(({ process, to, at }) => [process, to, at])).toEqual([["service-1", "closed", 3], ["service-2", "closed", 4]]);
});
