import { noopMeter, warn, type Meter, type Timer } from "@breakwater/core";
import { eventLoopTotals, watchEventLoop } from "./event-loop.ts";
import { gcHistograms, watchGarbageCollection } from "./garbage-collection.ts";
import { watchHeap, watchProcessMemory } from "./memory.ts";
import { checkOptions, type RuntimeOptions, type Settings } from "./options.ts";
import { Gauges, type Probe } from "./probe.ts";
import { cpuTotals, watchFileDescriptors, watchProcess } from "./process.ts";
import { watchResources } from "./resources.ts";

/** Counters are brought up to date this often, and what was read of memory serves for as long. */
const stepMs = 1_000;

/** A watch that is on until it is stopped. */
export interface RuntimeWatch {
  /** Takes timer, observer and gauges away, unless somebody else watches with the same meter. Harmless to call again. */
  stop(): void;
}

/**
 * Shows how the Node process is: event loop, garbage collection, heap, memory, processor time, resources. Names are
 * OpenTelemetry's. Keeps no process alive. With the meter of a watch that is on already it is the same watch, with the
 * options that it was started with, until all of them are stopped; nothing is counted twice.
 *
 * @throws TypeError or RangeError naming the option and its value.
 */
export function watchRuntime(meter: Meter, options: RuntimeOptions = {}): RuntimeWatch {
  const settings = checkOptions(options);
  if (meter === noopMeter) return { stop: () => undefined };
  let watch = watches.get(meter);
  if (watch === undefined) watches.set(meter, (watch = new SharedWatch(meter)));
  return watch.join(settings);
}

// Kept after the stop for the totals, which a watch started again goes on from; gone with the meter.
const watches = new WeakMap<Meter, SharedWatch>();

class SharedWatch {
  readonly #meter: Meter;
  readonly #loopTotals: ReturnType<typeof eventLoopTotals>;
  readonly #gcHistograms: ReturnType<typeof gcHistograms>;
  #cpuTotals: ReturnType<typeof cpuTotals> | undefined = undefined;
  #holders = 0;
  #running: Running | undefined = undefined;

  constructor(meter: Meter) {
    this.#meter = meter;
    this.#loopTotals = eventLoopTotals(meter);
    this.#gcHistograms = gcHistograms(meter);
  }

  join(settings: Settings): RuntimeWatch {
    this.#running ??= this.#start(settings);
    this.#holders += 1;
    let isHeld = true;
    return {
      stop: () => {
        if (isHeld) this.#leave();
        isHeld = false;
      },
    };
  }

  #leave(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#running?.stop();
    this.#running = undefined;
  }

  #start(settings: Settings): Running {
    const gauges = new Gauges(this.#meter);
    const probes: Probe[] = [];
    try {
      probes.push(watchEventLoop(gauges, this.#loopTotals, settings));
      probes.push(watchGarbageCollection(this.#gcHistograms, contain));
      probes.push(watchHeap(gauges));
      probes.push(watchResources(gauges));
      if (settings.scope === "process") probes.push(...this.#watchProcess(gauges));
      return new Running(gauges, probes, settings);
    } catch (error) {
      // A name that is somebody else's: half a watch would be left behind.
      stopAll(gauges, probes);
      throw error;
    }
  }

  #watchProcess(gauges: Gauges): Probe[] {
    this.#cpuTotals ??= cpuTotals(this.#meter);
    return [watchProcess(gauges, this.#cpuTotals), watchProcessMemory(gauges), watchFileDescriptors(gauges)];
  }
}

/** One timer for all that is watched. */
class Running {
  readonly #gauges: Gauges;
  readonly #probes: readonly Probe[];
  readonly #settings: Settings;
  #sampledAt: number;
  #timer: Timer | undefined = undefined;

  constructor(gauges: Gauges, probes: readonly Probe[], settings: Settings) {
    this.#gauges = gauges;
    this.#probes = probes;
    this.#settings = settings;
    this.#sampledAt = settings.clock.now();
    this.#step();
    this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#step();
    stopAll(this.#gauges, this.#probes);
  }

  #wait(): void {
    const { clock, intervalMs } = this.#settings;
    this.#timer = clock.setTimer(this.#tick, Math.min(stepMs, this.#sampledAt + intervalMs - clock.now()));
    this.#timer.unref();
  }

  readonly #tick = (): void => {
    this.#step();
    const { clock, intervalMs } = this.#settings;
    if (clock.now() - this.#sampledAt >= intervalMs) {
      this.#sampledAt = clock.now();
      for (const probe of this.#probes) contain(() => probe.sample?.());
    }
    this.#wait();
  };

  #step(): void {
    for (const probe of this.#probes) contain(() => probe.step?.());
  }
}

function stopAll(gauges: Gauges, probes: readonly Probe[]): void {
  gauges.stop();
  for (const probe of probes) probe.stop?.();
}

// A meter that throws must not end the process from within a timer.
function contain(work: () => void): void {
  try {
    work();
  } catch (error) {
    warn(error);
  }
}
