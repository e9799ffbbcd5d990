export {
  noCall,
  widen,
  type Call,
  type Guard,
  type GuardFor,
  type Layer,
  type Overwrite,
  type Provider,
  type ResultGuard,
  type Service,
  type Work,
} from "./call.ts";
export { describeLayer, descriptionOf, type LayerDescription } from "./layer-description.ts";
export { outcomeOfError, type Outcome } from "./outcome.ts";
export { RejectedError, isRejected, type RejectedErrorOptions } from "./rejected-error.ts";
export { withCause } from "./cause.ts";

export { systemClock, type Clock, type Timer } from "./clock.ts";
export { CoarseClock } from "./coarse-clock.ts";
export { increment, noopMeter, type Attributes, type Counter, type Histogram, type InstrumentOptions, type Meter } from "./meter.ts";
export { isThenable } from "./thenable.ts";
export { Emitter, warn, type Unsubscribe } from "./emitter.ts";
export { checkFunction, checkNumber, type NumberRange } from "./check.ts";

export { Fifo, FifoNode } from "./fifo.ts";
export { Heap, type HeapItem } from "./heap.ts";
export { WaitLine, Waiter, type WaitLineOptions, type WaitQueue } from "./wait-line.ts";
export { WaitList, type WaitListOptions, type WaitOptions } from "./wait-list.ts";
export { ignoreAbort, listenForAbort, type AbortListener } from "./abort-hub.ts";
export { LazyAbort } from "./lazy-abort.ts";
export { LinkedAbort } from "./linked-abort.ts";
export { abortLent, isLent, lendAbort } from "./lent-abort.ts";
export { Deadlines, type Expiring } from "./deadlines.ts";
