import { checkNumber } from "@breakwater/core";

/** Steps in which a window moves on. */
const stepsPerWindow = 10;
const mostWindows = 8;

/** What `groupOf` answers for a slot that has left all windows. */
export const outside = -1;

/**
 * How time is cut for all histograms of a registry.
 *
 * Slots are a tenth of the shortest window long, and numbered. Every window moves in tenths of its own length, its *step*,
 * which is a whole number of slots because each window is a whole multiple of the one before. So a slot is in a window
 * when its number is not below `oldest`, and slots of one step of the next longer window can be put together once all of
 * them have left the shorter one: whoever is still interested in them takes or leaves them together.
 */
export class WindowPlan {
  /** Increasing. */
  readonly windowsMs: readonly number[];
  /** Infinity when there are no windows: then all time is one slot. */
  readonly slotMs: number;
  /** The least time that a rate is over: a slot, or a second when all time is one. */
  readonly leastMs: number;
  /** After so many slots it is worth looking for some to put together. */
  readonly tidyAfter: number;
  /** Slots to a step of each window. */
  readonly #slots: readonly number[];

  /** @throws TypeError or RangeError naming the option and its value. */
  constructor(windowsMs: readonly number[]) {
    if (!Array.isArray(windowsMs)) throw new TypeError(`windowsMs must be an array, got ${typeof windowsMs}`);
    checkNumber("windowsMs.length", windowsMs.length, { max: mostWindows });
    this.windowsMs = windowsMs.map(checkWindow);
    const shortest = this.windowsMs[0] ?? Infinity;
    this.slotMs = shortest / stepsPerWindow;
    this.leastMs = this.slotMs === Infinity ? 1000 : this.slotMs;
    this.#slots = this.windowsMs.map((each) => each / shortest);
    this.tidyAfter = Math.min(this.#slots[1] ?? stepsPerWindow, stepsPerWindow);
  }

  /** The first slot that is in this window when `now` is the present slot. */
  oldest(window: number, now: number): number {
    const slots = this.#slots[window] ?? 1;
    return (Math.floor(now / slots) - stepsPerWindow + 1) * slots;
  }

  /** The number of the slot into which this one goes by now; its own while that is all, or {@link outside}. */
  groupOf(number: number, now: number): number {
    const last = this.#slots.length - 1;
    if (number < this.oldest(last, now)) return outside;
    for (let window = last; window > 0; window--) {
      const slots = this.#slots[window] ?? 1;
      const start = number - (number % slots);
      if (start + slots <= this.oldest(window - 1, now)) return start;
    }
    return number;
  }
}

function checkWindow(value: number, index: number, all: readonly number[]): number {
  checkNumber(`windowsMs[${index}]`, value, { min: 1, max: Number.MAX_SAFE_INTEGER });
  const previous = all[index - 1];
  if (previous === undefined || (value > previous && value % previous === 0)) return value;
  throw new RangeError(`windowsMs must each be a whole multiple of the one before, got ${previous} before ${value}`);
}
