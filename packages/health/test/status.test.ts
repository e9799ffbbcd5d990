import { describe, expect, it } from "vitest";
import { statusOf, type HealthStatus, type Verdict } from "../src/status.ts";

const critical = (status: HealthStatus): Verdict => ({ critical: true, vouches: true, status });
const optional = (status: HealthStatus): Verdict => ({ critical: false, vouches: true, status });
const closedBreaker: Verdict = { critical: true, vouches: false, status: "HEALTHY" };

describe("statusOf", () => {
  it.each<[string, HealthStatus, readonly Verdict[], HealthStatus]>([
    ["is the window's verdict without checks", "DEGRADED", [], "DEGRADED"],
    ["is UNKNOWN without any evidence", "UNKNOWN", [], "UNKNOWN"],
    ["is the worst of window and critical checks", "DEGRADED", [critical("HEALTHY"), critical("UNHEALTHY")], "UNHEALTHY"],
    ["is not improved by a passing check", "UNHEALTHY", [critical("HEALTHY")], "UNHEALTHY"],
    ["is only degraded by an optional check that fails", "HEALTHY", [optional("UNHEALTHY")], "DEGRADED"],
    ["ignores an optional check that is not known", "HEALTHY", [optional("UNKNOWN")], "HEALTHY"],
    ["is UNKNOWN while a critical check is", "HEALTHY", [critical("HEALTHY"), critical("UNKNOWN")], "UNKNOWN"],
    ["is not made to look ready by errors: UNKNOWN outweighs DEGRADED", "DEGRADED", [critical("UNKNOWN")], "UNKNOWN"],
    ["is UNHEALTHY even if a critical check is not known", "UNHEALTHY", [critical("UNKNOWN")], "UNHEALTHY"],
    ["is vouched for by a critical check before any traffic", "UNKNOWN", [critical("HEALTHY")], "HEALTHY"],
    ["is not vouched for by a pattern, which may only be unused", "UNKNOWN", [closedBreaker], "UNKNOWN"],
    ["is not worsened by a pattern that is well", "HEALTHY", [closedBreaker], "HEALTHY"],
    ["is not vouched for by an optional check", "UNKNOWN", [optional("HEALTHY")], "UNKNOWN"],
  ])("%s", (_, window, checks, expected) => {
    expect(statusOf(window, checks)).toBe(expected);
  });
});
