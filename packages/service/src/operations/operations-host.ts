import { noCall, type Call, type Service } from "@breakwater/core";
import type { ConcurrencyLimiter, LimiterStats } from "@breakwater/limiter";
import type { Door } from "../door.ts";
import { Host, type HostParts, type ServiceStats } from "../host.ts";
import type { Measured, OutcomeCounts, ResponseTimes } from "../measured.ts";
import { plainObject } from "../view/plain.ts";
import type { ServiceView } from "../view/service-view.ts";
import { windowsOf } from "../view/windows.ts";
import type { InputOf, Operations, OutputOf } from "./operations.ts";

/** A snapshot of one operation, for programs and tests. */
export interface OperationStats extends OutcomeCounts {
  readonly inFlight: number;
  /** Its own limiter's; undefined where it has none. Who waits for it, and whom it refused, stands there. */
  readonly limiter: LimiterStats | undefined;
}

/** An operation as the service has it. What goes in and comes out, its caller's types know. */
export interface Served {
  readonly measured: Measured;
  readonly limiter: ConcurrencyLimiter | undefined;
  readonly door: Door<unknown, unknown>;
}

/** A snapshot of a service with operations. */
export interface OperationsStats<Name extends string = string> extends ServiceStats {
  readonly operations: Readonly<Record<Name, OperationStats>>;
}

/** A composed service with many operations, each known by its name, with its own input and output. */
export class OperationsHost<Ops extends Operations> extends Host {
  readonly #served: ReadonlyMap<string, Served>;

  /** @internal Made by `createService`. */
  constructor(parts: HostParts, served: ReadonlyMap<string, Served>) {
    super(parts);
    this.#served = served;
  }

  /** Names of the operations, in the order in which they were given. */
  get operations(): readonly (keyof Ops & string)[] {
    return [...this.#served.keys()];
  }

  override get stats(): OperationsStats<keyof Ops & string> {
    const entries = [...this.#served].map(([name, served]): [string, OperationStats] => [name, statsOf(served)]);
    // The names of the map are those of Ops.
    return { ...super.stats, operations: Object.fromEntries(entries) as Record<keyof Ops & string, OperationStats> };
  }

  /**
   * Serves one request of an operation: shedding, admission by the operation and by the service, middleware, handler.
   *
   * Rejects with the handler's own error, the caller's own abort reason, `ERR_TIMEOUT` when its operation's time is over, or a
   * RejectedError: of a limiter when operation or service are full, of a layer that refused, `ERR_SERVICE_UNAVAILABLE` when the
   * service is not running. With a TypeError for a name that is none of its operations.
   */
  call<Name extends keyof Ops & string>(name: Name, input: InputOf<Ops[Name]>, call: Call = noCall): Promise<OutputOf<Ops[Name]>> {
    const served = this.#served.get(name);
    if (served === undefined) return Promise.reject(this.#unknown(name));
    return this.enter(served.door, input, call) as Promise<OutputOf<Ops[Name]>>; // what the operation of this name answers
  }

  /**
   * One operation as a plain function, for a front end to serve.
   *
   * @throws TypeError for a name that is none of its operations.
   */
  operation<Name extends keyof Ops & string>(name: Name): Service<InputOf<Ops[Name]>, OutputOf<Ops[Name]>> {
    const { door } = this.#get(name);
    // JavaScript may leave the call out.
    return (input: InputOf<Ops[Name]>, call?: Call) => this.enter(door, input, call ?? noCall) as Promise<OutputOf<Ops[Name]>>; // see `call`
  }

  /**
   * How long requests of an operation took, failures included, refusals and neutral ones not.
   *
   * @throws TypeError for a name that is none of its operations.
   */
  responseTimesOf(name: keyof Ops & string): ResponseTimes {
    return this.#get(name).measured.responseTimes;
  }

  protected override get outcomes(): OutcomeCounts {
    const sum = { succeeded: 0, failed: 0, neutral: 0 };
    for (const { measured } of this.#served.values()) {
      const { succeeded, failed, neutral } = measured.counts;
      sum.succeeded += succeeded;
      sum.failed += failed;
      sum.neutral += neutral;
    }
    return sum;
  }

  protected override details(): Pick<ServiceView, "operations"> {
    const entries = [...this.#served].map(([name, served]) => {
      const responseTimes = windowsOf(served.measured.responseTimes);
      return [name, { ...statsOf(served), responseTimes }];
    });
    return { operations: plainObject(Object.fromEntries(entries)) };
  }

  #get(name: string): Served {
    const served = this.#served.get(name);
    if (served === undefined) throw this.#unknown(name);
    return served;
  }

  #unknown(name: unknown): TypeError {
    return new TypeError(`${this.name} has no operation ${JSON.stringify(name)}: it has ${this.operations.join(", ")}`);
  }
}

function statsOf({ measured, limiter }: Served): OperationStats {
  return { ...measured.counts, inFlight: measured.inFlight, limiter: limiter?.stats };
}
