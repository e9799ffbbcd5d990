import { Balancer, LoadProbe } from "@breakwater/balancer";
import { ManualClock } from "@breakwater/core/testing";
import { runLaws } from "@breakwater/sim";
import { describe, it } from "vitest";
import { letters } from "./helpers.ts";

// Nobody waits for a pick and any number may be out, so the laws of permits say nothing about it.
describe("Balancer", () => {
  const make = () => {
    const balancer = new Balancer({ endpoints: letters(2), clock: new ManualClock() });
    return { run: balancer.run.bind(balancer), inUse: () => balancer.stats.pending };
  };
  for (const law of runLaws(make)) it(law.name, law.check);
});

describe("LoadProbe", () => {
  const make = () => {
    const probe = new LoadProbe({ clock: new ManualClock() });
    return { run: probe.run.bind(probe), inUse: () => probe.inFlight };
  };
  for (const law of runLaws(make)) it(law.name, law.check);
});
