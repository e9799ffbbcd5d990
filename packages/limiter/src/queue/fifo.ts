import { Fifo} from "@breakwater/core";
import type { Ask } from "../ask.ts";
import type { QueueDiscipline, QueuePolicy } from "./discipline.ts";

class FirstInFirstOut extends Fifo<Ask> implements QueueDiscipline {
  readonly reorders: boolean = false;
  readonly judgesByTime: boolean = false;

  victim(): Ask | undefined {
    return this.peek();
  }
}

/**
 * First come, first served; the default. Fair, and right as long as the queue is short. In an overload that lasts,
 * everybody waits as long as the queue is, and comes too late: then take {@link codel} or {@link adaptiveLifo}.
 * Evicts the oldest.
 */
export function fifo(): QueuePolicy {
  return () => new FirstInFirstOut();
}
