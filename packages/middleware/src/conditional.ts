import { checkFunction, describeLayer, descriptionOf, noCall, type Call, type GuardFor, type LayerDescription, type Service } from "@breakwater/core";
import type { GuardOrProvider } from "./layer-facts.ts";
import { branching } from "./order.ts";
import { within } from "./stack.ts";

/** It fits round every service whose input and call its questions can be asked about; a guard where they ask for nothing. */
export type ConditionalGuard<In, C extends Call = Call> = GuardOrProvider<object, C, In>;

/**
 * A guard, or a stack of them, for the calls to which it applies; the others go straight on. Built once, like any layer.
 *
 * @throws TypeError naming the argument.
 */
export function when<In = unknown, C extends Call = Call>(
  applies: (input: In, call: C) => boolean,
  guard: GuardFor<In, C>,
): ConditionalGuard<In, C> {
  checkFunction("applies", applies);
  checkFunction("guard", guard);
  const name = applies.name === "" ? undefined : applies.name;
  return choosing((input: In, call: C) => (applies(input, call) ? guard : undefined), [guard], {
    kind: "when",
    name,
    layers: [descriptionOf(guard)],
  });
}

/**
 * A guard, or a stack of them, for each operation, by its name; `otherwise` is for those that have none, which go straight on
 * without it.
 *
 * @throws TypeError naming the argument.
 */
export function perOperation<In = unknown, C extends Call = Call>(
  operationOf: (input: In, call: C) => string,
  guards: Readonly<Record<string, GuardFor<In, C>>>,
  otherwise?: GuardFor<In, C>,
): ConditionalGuard<In, C> {
  checkFunction("operationOf", operationOf);
  const branches = new Map(Object.entries(guards));
  for (const [operation, guard] of branches) checkFunction(`guards.${operation}`, guard);
  if (otherwise !== undefined) checkFunction("otherwise", otherwise);
  const every = otherwise === undefined ? [...branches.values()] : [...branches.values(), otherwise];
  const layers = [...branches].map(([operation, guard]) => ({ kind: operation, layers: [descriptionOf(guard)] }));
  return choosing((input: In, call: C) => branches.get(operationOf(input, call)) ?? otherwise, every, {
    kind: branching,
    layers: otherwise === undefined ? layers : [...layers, { kind: "otherwise", layers: [descriptionOf(otherwise)] }],
  });
}

/** A call passes one of these guards, if any. */
function choosing<Input, Needs extends Call>(
  choose: (input: Input, call: Needs) => GuardFor<Input, Needs> | undefined,
  guards: readonly GuardFor<Input, Needs>[],
  description: LayerDescription,
): ConditionalGuard<Input, Needs> {
  const layer = <In extends Input, Out, C extends Needs>(next: Service<In, Out, C>): Service<In, Out, C> => {
    const services = new Map<unknown, Service<In, Out, C>>();
    // A guard that stands for several operations is one.
    for (const guard of new Set(guards)) services.set(guard, (within(guard) as GuardFor<Input, Needs>)(next));
    // JavaScript may leave the call out.
    return (input, call = noCall as C) => {
      let chosen: GuardFor<Input, Needs> | undefined;
      try {
        chosen = choose(input, call);
      } catch (error) {
        return Promise.reject(error);
      }
      return (chosen === undefined ? next : (services.get(chosen) ?? next))(input, call);
    };
  };
  // One function, a guard or not: the types say which.
  return describeLayer(layer, description) as ConditionalGuard<Input, Needs>;
}
