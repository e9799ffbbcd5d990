import { checkFunction, warn, type Clock, type Guard, type Meter } from "@breakwater/core";
import { Shedder, type ShedderOptions } from "@breakwater/limiter";
import { loadShedding, type LoadSheddingLayer, type LoadSheddingOptions } from "@breakwater/middleware";

/**
 * What refuses the least important requests before any work, or any wait, was spent on them: options of `loadShedding` (they
 * have a `load`), options of a `Shedder` (they have `signals`), or one of either that was made already.
 */
export type SheddingOption = LoadSheddingOptions | ShedderOptions | Shedder | LoadSheddingLayer;

/** The gate in front of admission, whichever it is. */
export interface Shedding {
  readonly layer: Guard;
  /** Its own, for whoever looks. */
  readonly stats: object;
  /** How many it has given up. */
  readonly shed: number;
  /** How many it has turned away for another reason: they came after their deadline. */
  readonly late: number;
  /** Hears how long each request waited; undefined where nobody wants to know. */
  readonly waited: ((waitMs: number) => void) | undefined;
  start(): void;
  stop(): void;
}

/** What a pattern made here has in common with the service. */
export interface Common {
  readonly name: string;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function sheddingOf(given: SheddingOption | undefined, common: Common): Shedding | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "function") return ofLayer(given);
  const isObject: boolean = typeof given === "object" && (given as unknown) !== null;
  if (!isObject) throw new TypeError(`shedding must be an object or a layer, got ${typeof given}`);
  // By its shape: a shedder of another copy of the package is one as well.
  if ("tryAdmit" in given) return ofShedder(given, undefined);
  if ("signals" in given) return ofShedder(new Shedder({ ...common, ...given }), listenersIn(given));
  checkFunction("shedding.load", given.load);
  return ofLayer(loadShedding({ ...common, ...given }));
}

function ofLayer(layer: LoadSheddingLayer): Shedding {
  // What JavaScript may pass: any other guard counts nothing.
  if ((layer.stats as unknown) === undefined) throw new TypeError("shedding must be the layer of a loadShedding, or a Shedder");
  return {
    layer,
    get stats() {
      return layer.stats;
    },
    get shed() {
      return layer.stats.shed;
    },
    late: 0,
    waited: undefined,
    start: () => undefined,
    stop: () => undefined,
  };
}

function ofShedder(shedder: Shedder, waited: ((waitMs: number) => void) | undefined): Shedding {
  let late = 0;
  shedder.on("rejected", ({ error }) => {
    if (error.reason === "deadline") late += 1;
  });
  return {
    layer: shedder.layer,
    get stats() {
      return shedder.stats;
    },
    get shed() {
      return shedder.stats.shed;
    },
    get late() {
      return late;
    },
    waited,
    start: () => guarded(() => shedder.start()),
    stop: () => guarded(() => shedder.stop()),
  };
}

interface Recorder {
  record(waitMs: number): void;
}

/** Signals that are told of waits, as `queueDelay()` is, are told of the service's own. */
function listenersIn({ signals }: ShedderOptions): ((waitMs: number) => void) | undefined {
  const recorders = signals.filter((signal): signal is typeof signal & Recorder => "record" in signal && typeof signal.record === "function");
  if (recorders.length === 0) return undefined;
  return (waitMs) => {
    for (const recorder of recorders) guarded(() => recorder.record(waitMs));
  };
}

// Signals are foreign: one that is broken fails no request, and neither start nor stop.
function guarded(work: () => void): void {
  try {
    work();
  } catch (error) {
    warn(error);
  }
}
