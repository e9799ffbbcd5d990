import type { Call, Guard, GuardFor, Overwrite, Provider } from "@breakwater/core";
import type { Answering, Conversion } from "./layer-shapes.ts";

/** What the compiler knows of a layer, or of several that stand in one another. */
export interface Facts {
  /** To the call further in. The inner one's replaces the outer one's under the same name. */
  readonly adds: object;
  /** Of the call from outside: less what was added further out. */
  readonly needs: Call;
  /** Which input it takes. */
  readonly reads: unknown;
  /** The input that it hands on instead, in a list; an empty one where it hands on what it got. */
  readonly parsed: readonly unknown[];
  /** What it may answer in the service's place. */
  readonly answers: unknown;
}

/** Facts as they were found. */
export interface Told<Adds, Needs, Reads, Parsed extends readonly unknown[] = readonly [], T = never> {
  readonly adds: Adds;
  readonly needs: Needs;
  readonly reads: Reads;
  readonly parsed: Parsed;
  readonly answers: T;
}

/** Those of a guard. */
export type NoFacts = Told<object, Call, unknown>;

/** What a layer says of itself; undefined for one with types of its own. */
export type FactsOf<L> = "~converts" extends keyof L
  ? NonNullable<L["~converts"]> extends (call: infer Needs, input: infer Raw) => readonly [infer Parsed, infer Adds, infer T]
    ? Told<Adds, Needs, Raw, readonly [Parsed], T>
    : undefined
  : "~answers" extends keyof L
    ? NonNullable<L["~answers"]> extends (call: infer Needs, input: infer In) => readonly [infer Adds, infer T]
      ? Told<Adds, Needs, In, readonly [], T>
      : undefined
    : L extends Guard
      ? NoFacts
      : L extends GuardFor<infer In, infer Needs>
        ? Told<object, Needs, In> // asked for first: to a provider it seems to add what it needs
        : L extends Provider<infer Adds, infer Needs, infer In>
          ? Told<Adds, Needs, In>
          : undefined;

/** The facts of both, the second standing inside the first; `never` where it does not fit. */
export type Joined<Outer extends Facts, Inner extends Facts> = [
  NeedsOfBoth<Outer["adds"], Outer["needs"], Inner["needs"]>,
  ReadByBoth<Outer, Inner>,
] extends [infer Needs extends Call, readonly [infer Reads]]
  ? [Needs] extends [never]
    ? never
    : Told<
        Replaced<Outer["adds"], Inner["adds"]>,
        Needs,
        Reads,
        Inner["parsed"] extends readonly [] ? Outer["parsed"] : Inner["parsed"],
        Outer["answers"] | Inner["answers"]
      >
  : never;

/** The layer that has these facts. */
export type LayerOf<F extends Facts> = F["parsed"] extends readonly [infer Parsed]
  ? Conversion<F["reads"], Parsed, F["adds"], F["needs"], F["answers"]>
  : [F["answers"]] extends [never]
    ? GuardOrProvider<F["adds"], F["needs"], F["reads"]>
    : Answering<F["answers"], F["adds"], F["needs"], F["reads"]>;

/** A provider; where it adds nothing a guard, for services of such an input and call. */
export type GuardOrProvider<Adds extends object, Needs extends Call, In> = keyof Adds extends never
  ? unknown extends In
    ? Call extends Needs
      ? Guard
      : GuardFor<In, Needs>
    : GuardFor<In, Needs>
  : Provider<Adds, Needs, In>;

// In a list, for there may be an input that nobody has: never. Undefined where they do not fit.
type ReadByBoth<Outer extends Facts, Inner extends Facts> = Outer["parsed"] extends readonly [infer Parsed]
  ? [Parsed] extends [Inner["reads"]]
    ? readonly [Outer["reads"]]
    : undefined
  : readonly [Both<Outer["reads"], Inner["reads"]>];

// As an intersection, but written as one of them where it is one.
type Both<Outer, Inner> = [Inner] extends [Outer] ? Inner : [Outer] extends [Inner] ? Outer : Outer & Inner;

type Replaced<Outer, Inner> = keyof Inner extends never ? Outer : Flat<Omit<Outer, keyof Inner> & Inner>;

type Flat<T> = { [Key in keyof T]: T[Key] };

// `never` when an outer layer provides what is needed, but with another type.
type NeedsOfBoth<Adds, Needs extends Call, More extends Call> =
  Overwrite<Needs, Adds> extends More
    ? Needs
    : [keyof More & keyof Adds] extends [never]
      ? Needs & More
      : Adds extends Pick<More, keyof More & keyof Adds>
        ? Needs & Omit<More, keyof Adds>
        : never;
