import { names as n } from "./names.ts";
import { panel, type Panel } from "./panel.ts";
import type { PromQL } from "./promql.ts";

/** What `@breakwater/metrics/runtime` shows, by instance: a process that is unwell hides in a sum. */
export function runtimePanels(q: PromQL): readonly Panel[] {
  return [
    panel("Event-loop utilization", "percentunit", "Share of time in which the loop did something; near 1 it is the bottleneck.", [q.max(n.loopUtilization, ["instance"]), "{{instance}}"]),
    panel("Event-loop delay", "s", "How late the loop comes to what is due.",
      [q.max(n.loopDelayP99, ["instance"]), "{{instance}} p99"],
      [q.max(n.loopDelayMax, ["instance"]), "{{instance}} max"]),
    panel("Garbage collection", "percentunit", "Share of time spent in it, by kind.", [q.rate(`${n.gcTime}_sum`, ["instance", "v8js_gc_type"]), "{{instance}} {{v8js_gc_type}}"]),
    panel("Memory", "bytes", "Physical memory, and the heap in use.",
      [q.total(n.memory, ["instance"]), "{{instance}} physical"],
      [q.total(n.heapUsed, ["instance"]), "{{instance}} heap"]),
    panel("Processor", "percentunit", "Processor seconds per second; 1 is one core.", [q.rate(n.cpuTime, ["instance", "cpu_mode"]), "{{instance}} {{cpu_mode}}"]),
    panel("Active resources", "short", "What keeps the loop alive, by type. What only grows is a leak.", [q.total(n.resources, ["instance", "v8js_resource_type"]), "{{instance}} {{v8js_resource_type}}"]),
  ];
}
