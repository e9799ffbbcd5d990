import { spawnSync } from "node:child_process";
import { it } from "vitest";

const isMissing = ["promtool", "prometheus"].some((tool) => spawnSync(tool, ["--version"]).error !== undefined);

/** Why what asks the real tools is skipped; undefined where they are there. */
export const missing: string | undefined = isMissing ? "prometheus and promtool are not on the PATH (apt-get install prometheus)" : undefined;

/** The reason behind the name of what is skipped. */
export const withReason = (name: string): string => (missing === undefined ? name : `${name}: ${missing}`);

/** A test that asks Prometheus or promtool. */
export function itAsks(name: string, test: () => void | Promise<void>, timeoutMs?: number): void {
  it.skipIf(missing !== undefined)(withReason(name), test, timeoutMs);
}
