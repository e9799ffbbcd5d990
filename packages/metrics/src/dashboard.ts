export { grafanaDashboard, type DashboardOptions } from "./dashboard/grafana-dashboard.ts";
export { type Grafana, type GrafanaPanel, type GrafanaTarget } from "./dashboard/grafana.ts";
export { alertRules, type AlertOptions } from "./dashboard/alert-rules.ts";
export { patterns, type Pattern, type SubjectOptions } from "./dashboard/subject.ts";
