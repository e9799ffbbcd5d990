/** The part of Grafana's dashboard model that is written here; plain JSON. */
export interface Grafana {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly GrafanaPanel[];
  readonly [field: string]: unknown;
}

export interface GrafanaPanel {
  readonly id: number;
  readonly type: "row" | "timeseries" | "state-timeline";
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  /** Of a row: none. */
  readonly targets?: readonly GrafanaTarget[];
  readonly [field: string]: unknown;
}

export interface GrafanaTarget {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly [field: string]: unknown;
}
