import type { Snapshot } from "../snapshot.ts";

/**
 * Refuses what is no snapshot of this form: one from another version, or something else altogether.
 *
 * @throws TypeError for what is no snapshot; RangeError for a version that this package cannot read.
 */
export function checkSnapshot(name: string, value: unknown): asserts value is Snapshot {
  if (typeof value !== "object" || value === null || !("version" in value)) {
    throw new TypeError(`${name} must be a snapshot, got ${value === null ? "null" : typeof value}`);
  }
  if (value.version !== 2) throw new RangeError(`${name} must be a snapshot of version 2, got version ${JSON.stringify(value.version)}`);
  if (!("metrics" in value) || !Array.isArray(value.metrics)) throw new TypeError(`${name} must have an array of metrics`);
}
