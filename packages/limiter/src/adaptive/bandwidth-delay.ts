import type { StrategyPolicy } from "./strategy.ts";
import { windowed, type Seen, type WindowedLimitOptions } from "./windowed-limit.ts";

/**
 * The limit by Little's law: throughput times unqueued time is what must be in flight to keep the dependency busy, the
 * bandwidth-delay product; a little more than that is the limit.
 *
 *     throughput            ____________          latency           /
 *        |                /                          |            /
 *        |              /                            |__________/
 *        +------------- B ---- limit ---> in flight  +---------- B ---- limit ---> in flight
 *
 * The problem: latency rises with what is in flight from B on, but so little at first, and so noisily, that a limit which
 * climbs until it sees a rise climbs too far; and a ratio of latencies tells how long the queue is, not how long it should
 * be. Throughput on the other hand is flat from B on: it can be *measured* at any limit above B, however far off.
 *
 * So: B = best throughput of the last windows x mean time of calls that met no queue (see {@link Probe}), and
 *
 *     limit = 1.25 B + 1.5 sqrt(B)
 *
 * The root is what keeps a small number of servers busy although arrivals and service times vary (the square-root rule of
 * staffing); the quarter makes up for errors of the estimates, without which a B found too small would make the limit,
 * thereby the throughput, thereby the next B smaller still. Both were chosen with `pnpm sim adaptive`: 97 % of the
 * capacity and more at up to three times the load, with latencies like those of the best fixed limit.
 *
 * While calls take hardly longer than without a queue although the limit is in force, the limit is below B, and is doubled.
 *
 * By design it uses means, not percentiles: Little's law holds for means, whatever mix of fast and slow calls there is.
 * TCP BBR (Cardwell et al., 2016) measures the same two quantities for packets.
 */
const spare = 1.25;
const spareRoot = 1.5;
const hardlyLonger = 1.15;

function limitFor({ meanMs, unqueuedMs, ratePerMs }: Seen): number {
  const product = ratePerMs * unqueuedMs;
  if (meanMs < hardlyLonger * unqueuedMs) return 2 * product;
  return spare * product + spareRoot * Math.sqrt(product);
}

/**
 * The default: lets in what keeps the dependency busy, and a little more. Finds a limit that starts ten times too low or
 * too high within seconds, and a new one when capacity or latency change.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function bandwidthDelay(options: WindowedLimitOptions = {}): StrategyPolicy {
  return windowed(limitFor, options);
}
