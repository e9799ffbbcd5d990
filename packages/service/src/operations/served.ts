import { Deadline } from "@breakwater/deadline";
import { admission } from "../admission.ts";
import { Door } from "../door.ts";
import type { HostParts } from "../host.ts";
import { limiterOf } from "../limiters.ts";
import { Measured, type MeasuredOptions, type ReceivedCall } from "../measured.ts";
import type { Operation } from "./operation.ts";
import type { Operations } from "./operations.ts";
import type { Served } from "./operations-host.ts";

/** An operation whose types its callers know. */
export type AnyOperation = Operation<unknown, unknown, ReceivedCall>;

/** What all operations of a service share. */
export interface Surroundings {
  readonly parts: HostParts;
  readonly common: Omit<MeasuredOptions, "attributes">;
  /** Puts the service's own middleware round an operation. */
  readonly handle: (served: AnyOperation["served"]) => AnyOperation["served"];
}

/**
 * What a request of an operation passes, and why in this order:
 *
 *     shedding -> the operation's limiter -> the service's limiter -> measured -> its time -> the service's middleware
 *              -> the operation's middleware -> handler
 *
 * The operation's limiter stands outside the service's: a request that waits for its operation's turn must not hold one of the
 * service's places, or one slow operation would fill them all with requests that wait. Both in the same order for all, so
 * nobody holds what another waits for. What is measured is what both admitted.
 *
 * The time runs from the arrival on (see `Door`), and ends the wait in either limiter; in work it is enforced inside what is
 * measured, so that a request which took too long counts as one that failed.
 *
 * @throws TypeError or RangeError naming the operation, the option and the value.
 */
export function servedOf(operations: Operations, surroundings: Surroundings): ReadonlyMap<string, Served> {
  const isObject: boolean = typeof operations === "object" && (operations as unknown) !== null;
  if (!isObject) throw new TypeError(`operations must be an object, got ${typeof operations}`);
  const entries = Object.entries(operations);
  if (entries.length === 0) throw new TypeError("operations must hold at least one");
  return new Map(entries.map(([name, operation]) => [name, serve(name, operation as unknown as AnyOperation, surroundings)]));
}

function serve(name: string, operation: AnyOperation, { parts, common, handle }: Surroundings): Served {
  const given: unknown = operation; // what JavaScript may pass
  if (typeof given !== "object" || given === null || !("served" in given)) {
    throw new TypeError(`operations.${name} must be made by operation(), got ${typeof given}`);
  }
  const { name: service, clock, limiter: shared, shedding, metrics, abort } = parts;
  const { timeoutMs, classify = common.classify } = operation;
  const qualified = `${service}.${name}`;
  const limiter = operation.limiter === undefined ? undefined : limiterOf(operation.limiter, { name: qualified, clock, meter: metrics });
  // A request would hold one of its places and wait for another.
  if (limiter === shared) throw new TypeError(`operations.${name} has the limiter of the service, through which it goes anyway`);
  const measured = new Measured({ ...common, classify, attributes: { service, operation: name } });
  const handled = handle(operation.served);
  const timed = timeoutMs === Infinity ? handled : new Deadline({ name: qualified, mode: "cooperative", clock, meter: metrics }).layer(handled);
  const admitted = admission(timed, { limiter: shared, measured, clock: limiter === undefined ? undefined : clock });
  const limited = limiter === undefined ? admitted : limiter.layer(admitted);
  const entry = shedding === undefined ? limited : shedding.layer(limited);
  return { measured, limiter, door: new Door({ entry, stop: abort.signal, operation: name, timeoutMs }) };
}
