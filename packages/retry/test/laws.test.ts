import { ManualClock } from "@breakwater/core/testing";
import { Retry } from "@breakwater/retry";
import { runLaws } from "@breakwater/sim";
import { describe, it } from "vitest";

describe("Retry that does not retry", () => {
  const options = [{ attempts: 1 }, { retryIf: () => false }, { idempotent: false }, { retryResultIf: () => false, retryIf: () => false }];
  for (const option of options) {
    const make = (): Retry => new Retry({ clock: new ManualClock(), ...option });
    for (const law of runLaws(make)) it(`${JSON.stringify(Object.keys(option))}: ${law.name}`, law.check);
  }
});

describe("Retry that has retried", () => {
  // Each wait is over as soon as it is asked for.
  const clock = { now: () => 0, setTimer: (callback: () => void) => (queueMicrotask(callback), { cancel: () => undefined, unref: () => undefined }) };
  const make = (): Retry => new Retry({ clock, budget: false, backoff: () => 0 });
  for (const law of runLaws(make)) it(law.name, law.check);
});
