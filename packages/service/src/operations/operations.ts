import type { Call } from "@breakwater/core";
import type { Operation } from "./operation.ts";

/** Operations by name, each of any input and output, that a service whose calls are a `C` can have. */
export type Operations<C extends Call = never> = Readonly<Record<string, Operation<never, unknown, C>>>;

/** What an operation takes. */
export type InputOf<O> = O extends Operation<infer In, unknown, never> ? In : never;

/** What it answers. */
export type OutputOf<O> = O extends Operation<never, infer Out, never> ? Out : never;

/**
 * Leaves operations as they are, but for those whose input is not what the service's middleware reads: these become `never`, so
 * that they do not compile.
 */
export type Fitting<Ops, Base> = { readonly [Name in keyof Ops]: [InputOf<Ops[Name]>] extends [Base] ? Ops[Name] : never };

/** The inputs that a service's middleware takes and hands on as they are. One that converts has none: it stands in an operation. */
export type BaseOf<In, Raw> = [In, Raw] extends [Raw, In] ? In : never;
