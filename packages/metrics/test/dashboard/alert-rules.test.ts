import { describe, expect, it } from "vitest";
import { alertRules, type AlertOptions } from "@breakwater/metrics/dashboard";
import { itAsks, missing, withReason } from "../real-tools.ts";
import { promtool } from "./prom-tool.ts";

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly { alert?: string; record?: string; expr: string }[] }[];
}
const parse = (text: string): Rules => JSON.parse(text) as Rules;
const alertsOf = (text: string): string[] => parse(text).groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));

interface Case {
  readonly series: Readonly<Record<string, string>>;
  /** Which alerts are expected, by the minute at which they are asked for. */
  readonly at: Readonly<Record<number, readonly string[]>>;
  /** Default: a value every minute, and rules evaluated as often. Days go faster with fewer. */
  readonly interval?: string;
  readonly evaluation?: string;
}

/** Plays series through the rules, and compares which alerts fire. */
function play(rules: string, { series, at, interval = "1m", evaluation = "1m" }: Case): void {
  const names = alertsOf(rules);
  const test = {
    rule_files: ["rules.yml"],
    evaluation_interval: evaluation,
    // Ratios before the alerts that read them; else promtool takes the groups in any order.
    group_eval_order: parse(rules).groups.map(({ name }) => name),
    tests: [
      {
        interval,
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: Object.entries(at).flatMap(([minute, expected]) =>
          names.map((alert) => ({
            expr: `count by (alertname) (ALERTS{alertname="${alert}",alertstate="firing"})`,
            eval_time: `${minute}m`,
            exp_samples: expected.includes(alert) ? [{ labels: `{alertname="${alert}"}`, value: 1 }] : [],
          })),
        ),
      },
    ],
  };
  expect(promtool({ "rules.yml": rules, "test.yml": JSON.stringify(test) }, "test", "rules", "test.yml")).toEqual({
    status: 0,
    output: expect.stringContaining("SUCCESS") as string,
  });
}

const requests = (outcome: string): string => `breakwater_service_requests_total{service="shop",outcome="${outcome}"}`;

describe("alert rules", () => {
  itAsks("pass promtool's check, with every option given", () => {
    for (const options of [{ service: "shop" }, { service: 'a"b\\c', labels: { job: "x|y" }, objective: 0.95, countRefusals: false }]) {
      const { status, output } = promtool({ "rules.yml": alertRules(options) }, "check", "rules", "--lint-fatal", "rules.yml");
      expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining("SUCCESS") as string });
    }
  });

  itAsks("page for a fast burn only, while it goes on, when a tenth of the requests fails for ten minutes after three good days", () => {
    play(alertRules({ service: "shop" }), {
      series: {
        [requests("success")]: "0+200x2160 432180+180x4 433100+200x15",
        [requests("failure")]: "0+0x2160 20+20x4 100+0x15",
      },
      at: { 4320: [], 4330: ["BreakwaterErrorBudgetFastBurn"], 4350: [] },
      interval: "2m",
      evaluation: "10m",
    });
  }, 60_000);

  itAsks("open a ticket, and wake nobody, when the budget goes at twice the rate for days", () => {
    play(alertRules({ service: "shop", patterns: ["service"] }), {
      series: { [requests("success")]: "0+1996x2200", [requests("failure")]: "0+4x2200" },
      at: { 4330: ["BreakwaterErrorBudgetCreepingBurn"] },
      interval: "2m",
      evaluation: "10m",
    });
  }, 60_000);

  itAsks("count what the service's limiter refused, and only its, unless told not to", () => {
    const series = {
      [requests("success")]: "0+100x90",
      [requests("failure")]: "0+0x90",
      'breakwater_limiter_rejections_total{name="shop",reason="timeout"}': "0+50x90",
      'breakwater_limiter_rejections_total{name="other",reason="timeout"}': "0+50x90",
    };
    // After an hour and a half there is nothing that the longer windows do not see as well.
    const all = ["Fast", "Medium", "Slow", "Creeping"].map((speed) => `BreakwaterErrorBudget${speed}Burn`);
    play(alertRules({ service: "shop" }), { series, at: { 80: all } });
    play(alertRules({ service: "shop", countRefusals: false }), { series, at: { 80: [] } });
    play(alertRules({ service: "elsewhere" }), { series, at: { 80: [] } });
  });

  itAsks("are silent without traffic", () => {
    const idle = { [requests("success")]: "7+0x90", [requests("failure")]: "1+0x90", [requests("neutral")]: "0+5x90" };
    play(alertRules({ service: "shop" }), { series: idle, at: { 80: [] } });
  });

  it.skipIf(missing !== undefined).each([
    ["BreakerOpen", 'breakwater_breaker_state{name="api"}', "0x5 2 1 2 1 2 1 0x10"],
    ["PoolStarved", 'db_client_connection_pending_requests{db_client_connection_pool_name="db"}', "0x5 3x4 0x10"],
    ["PoolStarved", 'db_client_connection_timeouts_total{db_client_connection_pool_name="db"}', "0x5 3+3x4 15x20"],
    ["QueueFull", 'breakwater_limiter_rejections_total{name="l",reason="queue-full"}', "0x5 3+3x4 15x20"],
    ["NotHealthy", 'breakwater_health_status{name="shop"}', "0x5 1x4 0x10"],
    ["Unhealthy", 'breakwater_health_status{name="shop"}', "0x5 2x4 0x10"],
    ["EventLoopBlocked", 'nodejs_eventloop_delay_p99_seconds{instance="a"}', "0.01x5 0.2x4 0.01x10"],
  ])(withReason("say %s while %s says so, and not before or after"), (alert, series, values) => {
    const fires = alert === "Unhealthy" ? ["BreakwaterNotHealthy", "BreakwaterUnhealthy"] : [`Breakwater${alert}`];
    play(alertRules({ service: "shop" }), { series: { [series]: values }, at: { 4: [], 9: fires, 19: [] } });
  });

  itAsks("are silent about a breaker that is disabled, and about a status that is not known yet", () => {
    const series = { 'breakwater_breaker_state{name="api"}': "-1x20", 'breakwater_health_status{name="shop"}': "-1x20" };
    play(alertRules({ service: "shop" }), { series, at: { 10: [] } });
  });

  itAsks("see a heap that is nearly full in one instance of two", () => {
    const series = Object.fromEntries(
      [["a", 0.99], ["b", 0.2]].flatMap(([instance, full]) => [
        [`v8js_memory_heap_used_bytes{instance="${instance}",v8js_heap_space_name="old"}`, `${Number(full) * 500}x20`],
        [`v8js_memory_heap_used_bytes{instance="${instance}",v8js_heap_space_name="new"}`, `${Number(full) * 500}x20`],
        [`v8js_memory_heap_max_bytes{instance="${instance}"}`, "1000x20"],
      ]),
    );
    play(alertRules({ service: "shop" }), { series, at: { 2: [], 10: ["BreakwaterHeapNearlyFull"] } });
  });

  it("hold only what was asked for", () => {
    expect(alertsOf(alertRules({ service: "shop", patterns: ["breaker"] }))).toEqual(["BreakwaterBreakerOpen"]);
    expect(parse(alertRules({ service: "shop", patterns: ["service"] })).groups).toHaveLength(2);
    expect(parse(alertRules({ service: "shop", patterns: [] })).groups).toEqual([]);
  });

  it("ask every series for the labels that were given", () => {
    for (const { rules } of parse(alertRules({ service: "shop", labels: { job: "a" } })).groups) {
      for (const { expr } of rules) expect(expr.match(/\{/g)?.length).toBe(expr.match(/\{job="a"/g)?.length);
    }
  });

  it.each([
    [{ objective: 0.93 }, /objective/],
    [{ objective: 1 }, /objective/],
    [{ objective: NaN }, /objective/],
    [{ loopDelaySeconds: 0 }, /loopDelaySeconds/],
    [{ service: "" }, /service must not be empty/],
    [{ service: 7 }, /service must be a string, got number/],
    [{ countRefusals: "no" }, /countRefusals must be a boolean, got string/],
    [{ patterns: ["pol"] }, /patterns must be of service, .*got "pol"/],
    [{ labels: { "a-b": "c" } }, /"a-b" is no name of a label/],
  ])("refuse %o", (options, message) => {
    expect(() => alertRules({ service: "shop", ...options } as AlertOptions)).toThrow(message);
  });
});
