import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import type { Meter } from "@breakwater/core";
import { totalsBy, type Gauges, type Probe, type Total } from "./probe.ts";

type Modes = Readonly<Record<"user" | "system", Total>>;

export function cpuTotals(meter: Meter): Modes {
  return totalsBy(meter, "process.cpu.time", "cpu.mode", ["user", "system"], "Processor time of all threads.");
}

/** Processor time, age, and what this process is. */
export function watchProcess(gauges: Gauges, totals: Modes): Probe {
  const startedAt = Date.now() / 1e3 - process.uptime(); // people read it, so it is the wall clock's
  gauges.show("process.uptime", () => process.uptime(), { unit: "s", description: "How long the process has been running." });
  gauges.show("process.start_time", () => startedAt, { unit: "s", description: "When the process was started, since 1970." });
  const attributes = {
    "process.runtime.name": "nodejs",
    "process.runtime.version": process.versions.node,
    "process.runtime.v8": process.versions.v8,
    "os.type": process.platform,
    "host.arch": process.arch,
  };
  gauges.show("nodejs.info", () => 1, { description: "What runs; always 1.", attributes });
  return {
    step: () => {
      const { user, system } = process.cpuUsage();
      totals.user.advanceTo(user / 1e6);
      totals.system.advanceTo(system / 1e6);
    },
  };
}

const folder = "/proc/self/fd";

/**
 * Open file descriptors, on Linux; elsewhere nothing is shown. A folder of 10 000 entries takes milliseconds to read,
 * so another thread reads it, once an interval.
 */
export function watchFileDescriptors(gauges: Gauges): Probe {
  if (process.platform !== "linux") return {};
  let open = NaN;
  let isReading = false;
  const read = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    // The reading holds one of its own.
    open = await readdir(folder).then(({ length }) => length - 1, () => NaN);
    isReading = false;
  };
  const limit = readLimit();
  gauges.show("process.open_file_descriptors", () => open, { description: "Open file descriptors, sockets included." });
  gauges.show("process.open_file_descriptors.limit", () => limit, { description: "How many may be open." });
  void read();
  return { sample: () => void read() };
}

function readLimit(): number {
  try {
    const limit = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
    return limit === "unlimited" ? Infinity : Number(limit);
  } catch {
    return NaN; // a system without it, or one that hides it
  }
}
