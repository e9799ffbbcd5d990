import { descriptionOf, type LayerDescription } from "@breakwater/core";

/**
 * Whether layers stand where they say they must. How it works, and why.
 *
 * A wrong order compiles, runs, and does harm on a bad day: answers that are shared outside authentication go to whoever asks
 * next. So a layer can name what must stand further out (`inside`, `needs`) or further in (`outside`), by kind. That is looked at
 * once, when a stack is made. A stack in a stack counts as its layers; branches of which a call takes one do not see one another.
 * What is needed and missing is an error only where nothing can come round it any more: when the stack is put round a service.
 */
export class LayerOrder {
  /** Outermost first. */
  readonly #places: Place[] = [];

  constructor(layers: readonly object[]) {
    for (const layer of layers) place(descriptionOf(layer), [], this.#places);
  }

  /** @throws TypeError naming two layers that stand in the wrong order. */
  check(): void {
    this.#places.forEach((place, index) => {
      const { inside = [], needs = [], outside = [] } = place.layer;
      for (const kind of [...inside, ...needs]) {
        const first = this.#find(kind, place);
        if (first > index) this.#fail(`${labelOf(place.layer)} must stand inside ${kind}`);
      }
      for (const kind of outside) {
        const first = this.#find(kind, place);
        if (first !== -1 && first < index) this.#fail(`${labelOf(place.layer)} must stand outside ${kind}`);
      }
    });
  }

  /** @throws TypeError naming a layer and what it lacks. */
  checkNeeds(): void {
    for (const place of this.#places) {
      const missing = (place.layer.needs ?? []).find((kind) => this.#find(kind, place) === -1);
      if (missing !== undefined) this.#fail(`${labelOf(place.layer)} needs ${missing} outside it`);
    }
  }

  /** The outermost of this kind that a call can meet together with that place; -1 when there is none. */
  #find(kind: string, beside: Place): number {
    return this.#places.findIndex((place) => place.layer.kind === kind && areTogether(place, beside));
  }

  #fail(what: string): never {
    throw new TypeError(`${what}, but the order is ${this.#places.map(({ layer }) => labelOf(layer)).join(" > ")}`);
  }
}

/** A layer, and the branches that lead to it. */
interface Place {
  readonly layer: LayerDescription;
  readonly branches: readonly Branch[];
}

/** One of several ways, of which a call takes one. */
interface Branch {
  readonly fork: LayerDescription;
  readonly way: LayerDescription;
}

/** The kind of a layer whose own layers are branches, of which a call takes one. */
export const branching = "per-operation";

/** What it is, and which one. */
export function labelOf({ kind, name }: LayerDescription): string {
  return name === undefined || name === kind ? kind : `${kind} ${name}`;
}

/** Adds the layer's place, if it is no mere stack, and those of its own layers. */
function place(layer: LayerDescription, branches: readonly Branch[], places: Place[]): void {
  const { kind, layers = [] } = layer;
  if (kind === branching) {
    for (const way of layers) for (const own of way.layers ?? []) place(own, [...branches, { fork: layer, way }], places);
    return;
  }
  if (kind !== "stack") places.push({ layer, branches });
  for (const own of layers) place(own, branches, places);
}

/** Unless they stand on different ways of one fork. Of two forks nobody knows whether they ask for the same. */
function areTogether(one: Place, other: Place): boolean {
  return one.branches.every(({ fork, way }) => other.branches.every((branch) => branch.fork !== fork || branch.way === way));
}
