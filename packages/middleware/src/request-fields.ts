import { checkFunction, warn, isThenable, type Call } from "@breakwater/core";
import { loggable } from "./loggable.ts";
import { redactPath, type RedactPath } from "./redact-path.ts";

/** Paths whose values are not logged, or a function that gets a copy of the fields and returns what to log. */
export type Redact = readonly string[] | ((fields: unknown) => unknown);

/** What of a request stands in its line. */
export class RequestFields {
  readonly #pick: (input: unknown, call: Call) => unknown;
  readonly #paths: readonly RedactPath[];
  readonly #redact: ((fields: unknown) => unknown) | undefined;

  constructor(pick: (input: never, call: never) => object | undefined, redact: Redact = []) {
    checkFunction("fields", pick);
    this.#pick = pick as (input: unknown, call: Call) => unknown; // the layer's types say to which requests and calls it is put
    if (typeof redact === "function") {
      this.#redact = redact;
      this.#paths = [];
    } else {
      if (!Array.isArray(redact)) throw new TypeError(`redact must be a list of paths or a function, got ${typeof redact}`);
      this.#paths = redact.map((path: unknown, index) => redactPath(`redact[${index}]`, path));
    }
  }

  /** Undefined for nothing. Never throws. */
  of(input: unknown, call: Call): unknown {
    try {
      const picked = atOnce("fields", this.#pick(input, call));
      if (picked === undefined) return undefined;
      const copy = loggable(picked, this.#paths);
      return this.#redact === undefined ? copy : atOnce("redact", this.#redact(copy));
    } catch (error) {
      warn(error);
      return "[unreadable]";
    }
  }
}

// The types let an async function pass, which answers an object. The line is written now, and nobody would hear of a rejection.
function atOnce(option: string, answer: unknown): unknown {
  if (!isThenable(answer)) return answer;
  Promise.resolve(answer).catch(warn);
  throw new TypeError(`${option} must answer at once, got a promise`);
}
