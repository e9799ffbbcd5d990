import type { Call, Clock, WaitQueue } from "@breakwater/core";
import type { Ask } from "../ask.ts";

/**
 * An order of service, and whom to give up when there is too much to do. It belongs to one limiter.
 *
 * `peek` names who is next, and names the same one until somebody joins, leaves, is served or judged; `push` and `remove`
 * must not search. Write your own by filling this interface; the laws in `@breakwater/sim` test it.
 */
export interface QueueDiscipline extends WaitQueue<Ask> {
  /** Whether a newcomer may come to stand before those who wait. */
  readonly reorders: boolean;
  /** Whether it judges by time. Only then `Ask.since` and `now` are set for sure. */
  readonly judgesByTime: boolean;
  /** Whom to give up so that the newcomer may wait; undefined when that is the newcomer itself. */
  victim(newcomer: Ask): Ask | undefined;
  /** Asked once for each whose turn has come: whether it is given up instead of served. Default never. */
  givesUp?(ask: Ask, now: number): boolean;
  /** Its turn came, and it is served. It is removed next. */
  served?(ask: Ask): void;
  /** What the caller is counted under, where that matters and `key` was not given. */
  keyOf?(call: Call): unknown;
}

/** Makes the discipline of one limiter, when that is constructed. */
export type QueuePolicy = (clock: Clock) => QueueDiscipline;
