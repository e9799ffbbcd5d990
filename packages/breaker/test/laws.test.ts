import { Breaker } from "@breakwater/breaker";
import { runLaws } from "@breakwater/sim";
import { describe, it } from "vitest";
import { ManualClock } from "@breakwater/core/testing";

// Nothing is held of a breaker, so the laws of permits say nothing about it.
describe("Breaker", () => {
  for (const law of runLaws(() => new Breaker({ clock: new ManualClock() }))) it(law.name, law.check);
});
