import { checkFunction, describeLayer, noCall, RejectedError, isThenable, type Call, type Service } from "@breakwater/core";
import type { Conversion } from "./layer-shapes.ts";
import type { StandardIssue, StandardResult, StandardSchema } from "./standard-schema.ts";

export interface ValidationOptions {
  /** Names what is validated; it stands in the error as `source`. */
  readonly name?: string | undefined;
}

/** What is wrong, and where. */
export interface ValidationIssue {
  /** The keys that lead there from the input; empty for the input itself. */
  readonly path: readonly PropertyKey[];
  /** In the schema's words. */
  readonly message: string;
}

// A stranger decides how many there are, and each is copied, logged and sent back.
const mostIssues = 100;

/** The input is not what the schema asks for. Of the input it holds the paths, and what the schema's messages quote: some do. */
export class ValidationError extends RejectedError {
  declare readonly code: "ERR_VALIDATION";
  declare readonly reason: "invalid";
  /** The first hundred. */
  readonly issues: readonly ValidationIssue[];
  /** How many the schema found. */
  readonly issueCount: number;

  static {
    this.prototype.name = "ValidationError";
  }

  /** @internal */
  constructor(issues: readonly StandardIssue[], source: string | undefined) {
    const kept = issues.slice(0, mostIssues).map(issueOf);
    super("ERR_VALIDATION", messageOf(kept[0], issues.length), { reason: "invalid", source });
    this.issues = kept;
    this.issueCount = issues.length;
  }
}

/**
 * A layer between raw and parsed input: it makes a service for `Raw` out of one for `Parsed`, whatever that answers and asks
 * of the call.
 */
export type Validation<Raw, Parsed> = Conversion<Raw, Parsed>;

/**
 * Hands inward what the schema made of the input, with defaults, coercions and transforms applied, or refuses with
 * {@link ValidationError} (`ERR_VALIDATION`) before anything further in is asked. Any schema that follows Standard Schema
 * will do: zod, valibot, arktype and others. One that answers at once costs no promise.
 *
 * From outside the service takes what the schema says that it reads. Where that is not known, as with text from a network,
 * write `validation<unknown, Order>(schema)`.
 *
 * Errors that the schema throws pass through: they are no verdict on the input.
 *
 * @throws TypeError if it is no schema of version 1.
 */
export function validation<Raw, Parsed>(
  schema: StandardSchema<Raw, Parsed>,
  options: ValidationOptions = {},
): Validation<Raw, Parsed> {
  const { name } = options;
  const standard = standardOf(schema);
  const layer: Validation<Raw, Parsed> =
    <Out, C extends Call>(next: Service<Parsed, Out, C>): Service<Raw, Out, C> =>
    (input, call = noCall as C) => { // JavaScript may leave it out
      try {
        // Called on its object: nothing says that it is not a method.
        const result = standard.validate(input);
        if (!isThenable(result)) return next(parsed(result, name), call);
        return Promise.resolve(result).then((late) => next(parsed(late, name), call));
      } catch (error) {
        return Promise.reject(error);
      }
    };
  return describeLayer(layer, { kind: "validation", name });
}

function standardOf<Raw, Parsed>(schema: StandardSchema<Raw, Parsed>): StandardSchema<Raw, Parsed>["~standard"] {
  const standard = (schema as Partial<StandardSchema<Raw, Parsed>> | null | undefined)?.["~standard"]; // what JavaScript may pass
  checkFunction('schema["~standard"].validate', standard?.validate);
  const { version } = schema["~standard"] as { readonly version: unknown };
  if (version !== 1) throw new TypeError(`schema["~standard"].version must be 1, got ${String(version)}`);
  return schema["~standard"];
}

function parsed<Parsed>(result: StandardResult<Parsed>, source: string | undefined): Parsed {
  if (result.issues !== undefined) throw new ValidationError(result.issues, source);
  return result.value;
}

// Message and path alone: libraries put more into an issue, the input among it.
function issueOf({ message, path = [] }: StandardIssue): ValidationIssue {
  return { path: path.map((step) => (typeof step === "object" ? step.key : step)), message };
}

function messageOf(first: ValidationIssue | undefined, count: number): string {
  if (first === undefined) return "input is not valid";
  const where = first.path.length === 0 ? "" : `${first.path.map(String).join(".")}: `;
  return `input is not valid: ${where}${first.message}${count > 1 ? ` (and ${count - 1} more)` : ""}`;
}
