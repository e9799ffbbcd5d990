import type { Snapshot } from "../snapshot.ts";
import type { Exposed } from "./exposed.ts";
import { exposedOfSnapshot } from "./frozen.ts";

/** What has a text: a registry, read while the text is made, or a snapshot, of one process or merged from several. */
export type Exposable = Registry | Snapshot;

/** What a `Metrics` shows of itself to the text formats. */
export interface Registry {
  collection(): Exposed;
}

/** @throws TypeError when it is neither. */
export function exposedOf(source: Exposable): Exposed {
  const given: unknown = source; // JavaScript may hand in anything
  if (typeof given !== "object" || given === null) throw new TypeError(`metrics must be a registry or a snapshot, got ${typeof given}`);
  return "collection" in source ? source.collection() : exposedOfSnapshot(source);
}
