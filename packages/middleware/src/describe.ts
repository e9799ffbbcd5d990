import { descriptionOf, type LayerDescription } from "@breakwater/core";
import { labelOf } from "./order.ts";

/**
 * The order in which a call meets the layers, one to a line, outermost first; what stands only behind a condition is set in.
 * For reading and for tests of an application's own stack; for programs there is `descriptionOf` in core.
 */
export function describe(layer: object): string {
  return linesOf(descriptionOf(layer), "").join("\n");
}

function linesOf(description: LayerDescription, indent: string): readonly string[] {
  const { kind, layers = [] } = description;
  if (kind === "stack") return layers.flatMap((layer) => linesOf(layer, indent));
  return [`${indent}${labelOf(description)}`, ...layers.flatMap((layer) => linesOf(layer, `${indent}  `))];
}
