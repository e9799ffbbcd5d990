import { checkFunction, checkNumber } from "@breakwater/core";
import type { CheckOptions, Contribution } from "@breakwater/health";

/** Something that a service needs while it runs: a pool, a client, a consumer. */
export interface Resource {
  readonly name: string;
  /**
   * Names of the resources that must be ready before this one starts, and that stop after it. Left out: all that stand before
   * it in the list. `[]` waits for none.
   */
  readonly dependsOn?: readonly string[] | undefined;
  /** Resolves when the resource can be used. The signal is aborted when the start is given up. */
  readonly start?: ((context: { readonly signal: AbortSignal }) => unknown) | undefined;
  /** Resolves when nothing of it is left. */
  readonly stop?: (() => unknown) | undefined;
  /**
   * How it is, as a part of the service's health under its name: a function is a check, critical, and fails as checks do; an
   * object with `check` is one with options; `{ status, reason }`, as pools and breakers have it, is a contribution, optional.
   */
  readonly health?: ((signal: AbortSignal) => unknown) | CheckOptions | Contribution | undefined;
  /** Default 30 000. */
  readonly startTimeoutMs?: number | undefined;
  /** For a stop, and for a start that is given up. Default 5 000. */
  readonly stopTimeoutMs?: number | undefined;
}

/** A resource, complete and checked. */
export interface CheckedResource {
  readonly name: string;
  /** Undefined: all before it. */
  readonly dependsOn: readonly string[] | undefined;
  readonly start: (context: { readonly signal: AbortSignal }) => unknown;
  readonly stop: () => unknown;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
}

/** How one resource started. */
export interface ResourceStartReport {
  readonly name: string;
  /** Of its own start; waiting for those that it depends on is not counted. */
  readonly durationMs: number;
}

/** How one resource stopped. */
export interface ResourceReport {
  readonly name: string;
  readonly isStopped: boolean;
  readonly durationMs: number;
  /** What its stop threw, or a ResourceTimeoutError. */
  readonly error?: unknown;
}

/** Where a resource is in its life. `failed`: its start threw or hung; `stuck`: its stop did. */
export type ResourceState = "new" | "starting" | "started" | "failed" | "stopping" | "stopped" | "stuck";

/** @throws TypeError or RangeError naming the option and the value. */
export function checkResource(resource: Resource, index: number): CheckedResource {
  const { name, dependsOn, start, stop, startTimeoutMs = 30_000, stopTimeoutMs = 5_000 } = resource;
  const option = (key: string): string => `resources[${index}].${key}`;
  if (typeof name !== "string" || name === "") throw new TypeError(`${option("name")} must be a text`);
  if (start !== undefined) checkFunction(option("start"), start);
  if (stop !== undefined) checkFunction(option("stop"), stop);
  checkNumber(option("startTimeoutMs"), startTimeoutMs);
  checkNumber(option("stopTimeoutMs"), stopTimeoutMs);
  return {
    name,
    dependsOn: dependsOn === undefined ? undefined : checkNames(option("dependsOn"), dependsOn),
    // Called on the object itself: a pool is a resource as it stands.
    start: (context) => resource.start?.(context),
    stop: () => resource.stop?.(),
    startTimeoutMs,
    stopTimeoutMs,
  };
}

function checkNames(option: string, names: unknown): readonly string[] {
  if (!Array.isArray(names)) throw new TypeError(`${option} must be a list of names, got ${typeof names}`);
  return names.map((name: unknown, index) => {
    if (typeof name !== "string") throw new TypeError(`${option}[${index}] must be a text, got ${typeof name}`);
    if (names.indexOf(name) !== index) throw new TypeError(`${option} names "${name}" twice`);
    return name;
  });
}
