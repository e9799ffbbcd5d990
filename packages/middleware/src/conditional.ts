import { checkFunction, describeLayer, descriptionOf, type Call, type Guard, type Provider, type Service } from "@breakwater/core";
import { branching } from "./order.ts";
import { within } from "./stack.ts";

/** A layer that fits round every service whose input and call its question can be asked about. It adds nothing to the call. */
export type ConditionalGuard<In, C extends Call = Call> = Provider<object, C, In>;

/**
 * A guard, or a stack of them, for the calls to which it applies; the others go straight on. Built once, like any layer.
 *
 * @throws TypeError naming the argument.
 */
export function when<In = unknown, C extends Call = Call>(
  applies: (input: In, call: C) => boolean,
  guard: Guard,
): ConditionalGuard<In, C> {
  checkFunction("applies", applies);
  checkFunction("guard", guard);
  return describeLayer(choosing((input: In, call: C) => (applies(input, call) ? guard : undefined), [guard]), {
    kind: "when",
    name: applies.name === "" ? undefined : applies.name,
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
  guards: Readonly<Record<string, Guard>>,
  otherwise?: Guard,
): ConditionalGuard<In, C> {
  checkFunction("operationOf", operationOf);
  const branches = new Map(Object.entries(guards));
  for (const [operation, guard] of branches) checkFunction(`guards.${operation}`, guard);
  if (otherwise !== undefined) checkFunction("otherwise", otherwise);
  const every = otherwise === undefined ? [...branches.values()] : [...branches.values(), otherwise];
  const layers = [...branches].map(([operation, guard]) => ({ kind: operation, layers: [descriptionOf(guard)] }));
  return describeLayer(choosing((input: In, call: C) => branches.get(operationOf(input, call)) ?? otherwise, every), {
    kind: branching,
    layers: otherwise === undefined ? layers : [...layers, { kind: "otherwise", layers: [descriptionOf(otherwise)] }],
  });
}

/** Which of these guards a call passes, if any. */
function choosing<Input, Needs extends Call>(
  choose: (input: Input, call: Needs) => Guard | undefined,
  guards: readonly Guard[],
): <In extends Input, Out, C extends Needs>(next: Service<In, Out, C>) => Service<In, Out, C> {
  return <In extends Input, Out, C extends Needs>(next: Service<In, Out, C>): Service<In, Out, C> => {
    const services = new Map(guards.map((guard) => [guard, (within(guard) as Guard)(next)])); // a guard stays one
    return (input, call) => {
      let chosen: Guard | undefined;
      try {
        chosen = choose(input, call);
      } catch (error) {
        return Promise.reject(error);
      }
      return (chosen === undefined ? next : (services.get(chosen) ?? next))(input, call);
    };
  };
}
