import type { Home } from "./family.ts";

/** Which of a fixed list of states holds, e.g. of a circuit. Keep it: it is bound to its attributes. */
export interface BoundStateSet<State extends string = string> {
  /**
   * With a name: that state holds and no other does. With an object: the states that it names change, the others stay.
   * A state that is not in the list is left out and counted in `breakwater.metrics.rejected_values`.
   */
  set(state: State | Readonly<Partial<Record<State, boolean>>>): void;
  /** Whether each state holds, in the order of the list; none does at first. A copy. */
  states(): ReadonlyMap<State, boolean>;
  /** Takes the series out of the registry. Harmless to call again. */
  remove(): void;
}

const longestState = 1024;
// Each is a sample of every series.
const mostStates = 100;

export class StateSetSeries implements BoundStateSet {
  readonly #home: Home;
  readonly #states: Map<string, boolean>;

  constructor(home: Home, states: readonly string[]) {
    this.#home = home;
    this.#states = new Map(states.map((state) => [state, false]));
  }

  set(given: string | Readonly<Partial<Record<string, boolean>>>): void {
    if (typeof given === "string") this.#setOnly(given);
    else if (typeof given === "object" && (given as unknown) !== null) this.#setThose(given);
    else this.#home.rejected(given);
  }

  states(): ReadonlyMap<string, boolean> {
    return new Map(this.#states);
  }

  remove(): void {
    this.#home.remove();
  }

  #setOnly(state: string): void {
    if (!this.#states.has(state)) {
      this.#home.rejected(state);
      return;
    }
    for (const each of this.#states.keys()) this.#states.set(each, each === state);
  }

  #setThose(given: Readonly<Partial<Record<string, boolean>>>): void {
    for (const [state, holds] of Object.entries(given)) {
      if (this.#states.has(state) && typeof holds === "boolean") this.#states.set(state, holds);
      else this.#home.rejected(state);
    }
  }
}

/** @throws TypeError or RangeError naming the option and its value. */
export function checkStates(states: readonly string[]): readonly string[] {
  const list: unknown = states;
  if (!Array.isArray(list)) throw new TypeError(`states must be an array, got ${typeof states}`);
  states.forEach((state: unknown, index) => {
    if (typeof state !== "string") throw new TypeError(`states[${index}] must be a string, got ${typeof state}`);
    if (state === "" || state.length > longestState) {
      throw new RangeError(`states[${index}] must have 1 to ${longestState} characters, got ${state.length}`);
    }
  });
  if (states.length === 0 || states.length > mostStates) throw new RangeError(`states must be 1 to ${mostStates}, got ${states.length}`);
  if (new Set(states).size < states.length) throw new RangeError(`states must all differ, got ${JSON.stringify(states)}`);
  return [...states];
}
