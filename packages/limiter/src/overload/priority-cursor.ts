import { checkNumber } from "@breakwater/core";

export interface PriorityCursorOptions {
  /** How many levels there are; 0 is the most important. A whole number from 1. */
  readonly levels: number;
  /** So many of the first levels are admitted whatever happens. Default 0. */
  readonly protectedLevels?: number | undefined;
  /** What share of those admitted is given up in a window with overload. Default 0.05. */
  readonly decreaseRatio?: number | undefined;
  /** What share of those who come is admitted in addition in a window without. Default 0.01. */
  readonly increaseRatio?: number | undefined;
  /** By what share of the levels the cursor moves up at most, in a window. Default 0.01. */
  readonly maxStepRatio?: number | undefined;
}

/**
 * A cursor over priorities: who is at it or before it is admitted, who is behind it is shed.
 *
 * The problem: shedding at random fails nearly every request that needs several calls, and shedding by a fixed class gives
 * all or nothing. What share has to go is not known either; it is found window by window.
 *
 * The idea: count who comes at each level, with as many levels as make one of them a small share. After a window with
 * overload move the cursor down until 5 % fewer are admitted, going by the counts; after one without, move it up until 1 %
 * more would be.
 *
 *     arrivals    # # # # #|# # . # # . .          levels 0 (most important) to n - 1
 *     admitted   <---------|-- cursor              down: fewer by 5 % of those admitted; up: more by 1 % of those who came
 *
 * The trap: when callers upstream know the cursor and drop what is behind it, nobody comes from there, the counts are empty
 * there, and "up until 1 % more" finds the end of the levels: everything is let in at once, and the overload returns (success
 * falls to a twentieth in the simulation). So a step up is at most 1 % of the levels, and at least one.
 *
 * Source: Zhou et al., Overload Control for Scaling WeChat Microservices (DAGOR, SoCC 2018).
 */
export class PriorityCursor {
  readonly levels: number;
  readonly #protected: number;
  readonly #decreaseRatio: number;
  readonly #increaseRatio: number;
  readonly #maxStep: number;
  readonly #arrived: Float64Array;
  #position: number;
  #count = 0;
  #admitted = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: PriorityCursorOptions) {
    const { protectedLevels = 0, decreaseRatio = 0.05, increaseRatio = 0.01, maxStepRatio = 0.01 } = options;
    this.levels = checkNumber("levels", options.levels, { min: 1, max: 2 ** 20, integer: true });
    this.#protected = checkNumber("protectedLevels", protectedLevels, { max: this.levels, integer: true });
    this.#decreaseRatio = checkNumber("decreaseRatio", decreaseRatio, { max: 1 });
    this.#increaseRatio = checkNumber("increaseRatio", increaseRatio, { max: 1 });
    this.#maxStep = Math.max(1, Math.floor(checkNumber("maxStepRatio", maxStepRatio, { max: 1 }) * this.levels));
    this.#arrived = new Float64Array(this.levels);
    this.#position = this.levels;
  }

  /** Levels below this number are admitted. `levels` when nothing is shed. */
  get position(): number {
    return this.#position;
  }

  /** Who came since the window began. */
  get arrived(): number {
    return this.#count;
  }

  /** Counts one that comes, and says whether it is admitted. */
  admits(level: number): boolean {
    this.#arrived[level] = (this.#arrived[level] ?? 0) + 1;
    this.#count += 1;
    const isAdmitted = level < this.#position;
    if (isAdmitted) this.#admitted += 1;
    return isAdmitted;
  }

  /** Ends the window: moves the cursor, and counts anew. */
  endWindow(isOverloaded: boolean): void {
    if (isOverloaded) this.#moveDown();
    else this.#moveUp();
    this.#arrived.fill(0);
    this.#count = this.#admitted = 0;
  }

  #moveDown(): void {
    let toShed = Math.max(1, this.#decreaseRatio * this.#admitted);
    // Levels at which nobody came are passed for nothing, except that there must be one with somebody.
    while (toShed > 0 && this.#position > this.#protected) {
      this.#position -= 1;
      toShed -= this.#arrived[this.#position] ?? 0;
    }
  }

  #moveUp(): void {
    let toAdmit = Math.max(1, this.#increaseRatio * this.#count);
    const top = Math.min(this.levels, this.#position + this.#maxStep);
    while (toAdmit > 0 && this.#position < top) {
      toAdmit -= this.#arrived[this.#position] ?? 0;
      this.#position += 1;
    }
  }
}
