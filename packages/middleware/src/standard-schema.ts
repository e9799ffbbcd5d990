/**
 * Standard Schema, version 1: what zod, valibot, arktype and other schema libraries have in common. Written out here, as its
 * authors intend (https://standardschema.dev), so that nobody needs a package for an interface.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    /** The name of the library. */
    readonly vendor: string;
    /** Reads a value, and answers now or with a promise. */
    readonly validate: (value: unknown) => StandardResult<Output> | PromiseLike<StandardResult<Output>>;
    /** For the compiler alone; never set. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What was read, or what is wrong with it. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  /** The keys that lead to it, as they are or each in an object. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
