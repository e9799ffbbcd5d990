import { checkNumber } from "@breakwater/core";

export interface Choice<T> {
  /** How often, in proportion to the weights of the others: a finite number from 0. */
  readonly weight: number;
  readonly value: T;
}

// All copies of this module share it, so that a choice made by one is not thrown, or answered, as a value by another.
const brand: unique symbol = Symbol.for("@breakwater/weighted") as never; // a registered symbol can have no unique type of its own

/** One of several values, by weight: see {@link weighted}. */
export interface Weighted<T> {
  /** @param random - gives numbers from 0 (included) to 1 (excluded) */
  pick(random: () => number): T;
}

/**
 * One of these values for each injection, each as often as its weight says. Layers draw it from their own random numbers, so a
 * seed fixes it too.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function weighted<Values extends readonly unknown[]>(
  choices: readonly [...{ [Index in keyof Values]: Choice<Values[Index]> }],
): Weighted<Values[number]> {
  return new WeightedChoice<Values[number]>(choices);
}

class WeightedChoice<T> implements Weighted<T> {
  readonly [brand] = true;
  readonly #choices: readonly Choice<T>[];
  readonly #sum: number;

  constructor(choices: readonly Choice<T>[]) {
    checkList(choices);
    this.#choices = choices.map(({ weight, value }, index) => {
      return { weight: checkNumber(`choices[${index}].weight`, weight, { max: Number.MAX_VALUE }), value };
    });
    this.#sum = this.#choices.reduce((sum, { weight }) => sum + weight, 0);
    if (!(this.#sum > 0 && this.#sum < Infinity)) throw new RangeError(`the weights of choices must have a sum above 0, got ${this.#sum}`);
  }

  pick(random: () => number): T {
    let left = random() * this.#sum;
    let picked: Choice<T> | undefined;
    for (const choice of this.#choices) {
      if (choice.weight === 0) continue;
      picked = choice;
      left -= choice.weight;
      if (left < 0) break;
    }
    if (picked === undefined) throw new Error("bug: no choice has a weight"); // where rounding leaves some, the last one is picked
    return picked.value;
  }
}

function checkList(choices: unknown): void {
  if (!Array.isArray(choices)) throw new TypeError(`choices must be an array, got ${typeof choices}`);
}

export function isWeighted(value: unknown): value is Weighted<unknown> {
  return typeof value === "object" && value !== null && brand in value;
}
