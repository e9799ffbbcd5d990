import type { Pattern } from "./subject.ts";

/** Grafana's names for units. */
export type PanelUnit = "reqps" | "ops" | "percentunit" | "s" | "bytes" | "short" | "none";

export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** What a panel says, without how Grafana writes it. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: PanelUnit;
  readonly queries: readonly Query[];
  /** What numbers stand for, where they are states: shown as coloured stretches of time. */
  readonly states?: readonly State[] | undefined;
}

export interface State {
  readonly value: number;
  readonly text: string;
  readonly color: "green" | "yellow" | "orange" | "red" | "blue" | "gray";
}

export interface Row {
  readonly pattern: Pattern;
  readonly title: string;
  readonly panels: readonly Panel[];
}

export function panel(title: string, unit: PanelUnit, description: string, ...queries: readonly (readonly [expr: string, legend: string])[]): Panel {
  return { title, unit, description, queries: queries.map(([expr, legend]) => ({ expr, legend })) };
}
