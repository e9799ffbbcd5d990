import type { Grafana, GrafanaPanel } from "./grafana.ts";
import type { Panel, Row, State } from "./panel.ts";
import { PromQL } from "./promql.ts";
import { rowsOf } from "./rows.ts";
import { checkSubject, checkText, type SubjectOptions } from "./subject.ts";

export interface DashboardOptions extends SubjectOptions {
  /** The uid of the Prometheus data source. Default: a choice at the top of the dashboard. */
  readonly datasource?: string | undefined;
  /** Default: the name of the service. */
  readonly title?: string | undefined;
}

const columns = 24;
const height = 8;

/**
 * A dashboard for Grafana 10 or newer, as plain JSON to import or provision: traffic, saturation, breakers, retries,
 * hedges, timeouts, health and Node, each from what the patterns measure.
 *
 * @throws TypeError or RangeError naming the option and its value.
 */
export function grafanaDashboard(options: DashboardOptions): Grafana {
  const { service, labels, patterns } = checkSubject(options);
  const { datasource, title = service } = options;
  checkText("title", title);
  if (datasource !== undefined) checkText("datasource", datasource);
  const rows = rowsOf(service, new PromQL(labels, "$__rate_interval")).filter(({ pattern }) => patterns.has(pattern));
  return {
    uid: uidOf(service),
    title,
    tags: ["breakwater"],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1, // one moment is pointed at in all panels
    refresh: "30s",
    timezone: "browser",
    time: { from: "now-1h", to: "now" },
    annotations: { list: [] },
    templating: { list: datasource === undefined ? [datasourceChoice] : [] },
    panels: new Layout({ type: "prometheus", uid: datasource ?? "${datasource}" }).place(rows),
  };
}

const datasourceChoice = { type: "datasource", name: "datasource", label: "Data source", query: "prometheus" };

// Grafana takes 40 letters, digits, "-" and "_". The same service has the same uid, so that importing again replaces.
function uidOf(service: string): string {
  return `breakwater-${service.replace(/[^A-Za-z0-9_-]+/g, "-")}`.slice(0, 40);
}

/** Puts rows under one another, and a row's panels side by side: four, or as many as there are. */
class Layout {
  readonly #datasource: unknown;
  #id = 0;
  #y = 0;

  constructor(datasource: unknown) {
    this.#datasource = datasource;
  }

  place(rows: readonly Row[]): readonly GrafanaPanel[] {
    return rows.flatMap((row) => this.#row(row));
  }

  #row({ title, panels }: Row): readonly GrafanaPanel[] {
    const head = { id: ++this.#id, type: "row" as const, title, collapsed: false, gridPos: { x: 0, y: this.#y, w: columns, h: 1 }, panels: [] };
    const perLine = panels.length > 4 ? 3 : panels.length;
    const width = columns / perLine;
    const placed = panels.map((panel, index) => {
      const y = this.#y + 1 + height * Math.floor(index / perLine);
      return this.#panel(panel, { x: width * (index % perLine), y, w: width, h: height });
    });
    this.#y += 1 + height * Math.ceil(panels.length / perLine);
    return [head, ...placed];
  }

  #panel({ title, description, unit, queries, states }: Panel, gridPos: GrafanaPanel["gridPos"]): GrafanaPanel {
    const datasource = this.#datasource;
    const targets = queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      legendFormat: legend,
      range: true,
    }));
    const defaults = states === undefined ? { unit, min: 0, custom: { fillOpacity: 10 } } : { unit, mappings: mappingsOf(states) };
    return {
      id: ++this.#id,
      type: states === undefined ? "timeseries" : "state-timeline",
      title,
      description,
      datasource,
      gridPos,
      targets,
      fieldConfig: { defaults, overrides: [] },
      options: { legend: { showLegend: true, displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    };
  }
}

function mappingsOf(states: readonly State[]): readonly unknown[] {
  const options = Object.fromEntries(states.map(({ value, text, color }, index) => [String(value), { text, color, index }]));
  return [{ type: "value", options }];
}
