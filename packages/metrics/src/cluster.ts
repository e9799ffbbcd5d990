export { publishMetrics, type Publication, type PublishOptions } from "./cluster/publish.ts";
export { ClusterMetrics, type AddOptions, type ClusterMetricsOptions } from "./cluster/cluster-metrics.ts";
