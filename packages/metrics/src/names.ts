import { describe, exposedName, underscored, type Definition } from "./definition.ts";
import { InstrumentConflictError } from "./errors.ts";

/**
 * Which names are taken: the instrument's own, in the spelling that `a.b` and `a_b` share, and those of its samples and its
 * group in Prometheus and OpenMetrics. Without this a gauge `x_count` would write into the histogram `x`.
 */
export class Names {
  readonly #owners = new Map<string, Definition>();

  /** @throws InstrumentConflictError naming both definitions. */
  claim(definition: Definition): void {
    const names = [`instrument ${underscored(definition.name)}`, ...exposedNames(definition)];
    for (const name of names) {
      const owner = this.#owners.get(name);
      if (owner !== undefined) throw new InstrumentConflictError(describe(owner), describe(definition));
    }
    for (const name of names) this.#owners.set(name, definition);
  }

  clear(): void {
    this.#owners.clear();
  }
}

// The names that OpenMetrics reserves for a kind are its own whether they are written or not.
function exposedNames(definition: Definition): string[] {
  const name = exposedName(definition);
  const group = name.replace(/_(total|info)$/, "");
  switch (definition.kind) {
    case "histogram":
      return ["", "_bucket", "_sum", "_count", "_created"].map((suffix) => name + suffix);
    case "counter":
      return [name, group, `${group}_created`];
    case "info":
      return [name, group];
    default:
      return [name];
  }
}
