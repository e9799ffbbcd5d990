import { describe, expect, expectTypeOf, it } from "vitest";
import { grafanaDashboard, patterns, type Grafana, type GrafanaPanel, type Pattern } from "@breakwater/metrics/dashboard";
import { itAsks } from "../real-tools.ts";
import { promtool } from "./prom-tool.ts";

const titles = (panels: readonly GrafanaPanel[], type: string): string[] => panels.filter((panel) => panel.type === type).map(({ title }) => title);

describe("the dashboard", () => {
  const dashboard = grafanaDashboard({ service: "shop" });

  it("is plain JSON of Grafana's schema 39, with a row for each pattern", () => {
    expect(JSON.parse(JSON.stringify(dashboard))).toEqual(dashboard);
    expect(dashboard).toMatchObject({ schemaVersion: 39, title: "shop", uid: "breakwater-shop", tags: ["breakwater"] });
    expect(titles(dashboard.panels, "row")).toHaveLength(patterns.length);
    expect(titles(dashboard.panels, "state-timeline")).toEqual(["Breaker state", "Health status"]);
  });

  it("gives every panel a number, a description and queries of its own", () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const panel of panels.filter(({ type }) => type !== "row")) {
      expect(panel.description).toMatch(/\.$/);
      const ids = panel.targets?.map(({ refId }) => refId) ?? [];
      expect(ids.length).toBeGreaterThan(0);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it("puts no panel over another, and none outside its 24 columns", () => {
    const taken = new Set<string>();
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), title).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  itAsks("asks in PromQL that Prometheus understands", () => {
    const exprs = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "5m")));
    const rules = { groups: [{ name: "panels", rules: exprs.map((expr, index) => ({ record: `panel:${index}`, expr })) }] };
    const { status, output } = promtool({ "rules.yml": JSON.stringify(rules) }, "check", "rules", "rules.yml");
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining(`${exprs.length} rules found`) as string });
  });

  it("lets the reader choose the data source, unless it is given", () => {
    expect(JSON.stringify(dashboard)).toContain('"uid":"${datasource}"');
    expect(dashboard.templating).toMatchObject({ list: [{ type: "datasource", query: "prometheus" }] });
    const given = grafanaDashboard({ service: "shop", datasource: "prom-1" });
    expect(given.templating).toEqual({ list: [] });
    expect(JSON.stringify(given)).not.toContain("${datasource}");
  });

  it("asks every series for the labels that were given, quoted as PromQL quotes", () => {
    const { panels } = grafanaDashboard({ service: 'sh"op', labels: { job: "a\\b" } });
    const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    for (const expr of exprs) expect(expr.match(/\{/g)?.length, expr).toBe(expr.match(/\{job="a\\\\b"/g)?.length);
    expect(exprs.some((expr) => expr.includes('service="sh\\"op"'))).toBe(true);
  });

  it("shows only the patterns that were asked for", () => {
    const { panels } = grafanaDashboard({ service: "shop", patterns: ["pool", "health"] });
    expect(titles(panels, "row")).toEqual(["Saturation: pools", "Health"]);
    expect(panels[0]?.gridPos.y).toBe(0);
    expect(grafanaDashboard({ service: "shop", patterns: [] }).panels).toEqual([]);
  });

  it("has a uid that Grafana takes, whatever the service is called", () => {
    const { uid } = grafanaDashboard({ service: "an ünusual/name that is long, and then longer" });
    expect(uid).toMatch(/^[A-Za-z0-9_-]{1,40}$/);
  });

  it("refuses what is no name", () => {
    expect(() => grafanaDashboard({ service: "" })).toThrow(/service must not be empty/);
    expect(() => grafanaDashboard({ service: "shop", datasource: "" })).toThrow(/datasource must not be empty/);
    expect(() => grafanaDashboard({ service: "shop", title: 1 as never })).toThrow(/title must be a string/);
  });

  it("has a typed form", () => {
    expectTypeOf(grafanaDashboard).returns.toEqualTypeOf<Grafana>();
    expectTypeOf<Pattern>().toEqualTypeOf<(typeof patterns)[number]>();
  });
});
