import { FifoNode, type Unsubscribe } from "@breakwater/core";
import type { Pool } from "../pool.ts";
import type { Share } from "./total.ts";

/** A key with its pool, in the order of use. */
export class KeyedEntry<R> extends FifoNode {
  readonly key: string;
  readonly pool: Pool<R>;
  readonly share: Share;
  /** The events that are handed on, with what ends that. */
  readonly relays: Map<string, Unsubscribe> = new Map<string, Unsubscribe>();

  constructor(key: string, pool: Pool<R>, share: Share) {
    super();
    this.key = key;
    this.pool = pool;
    this.share = share;
  }
}
