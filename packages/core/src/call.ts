/**
 * What travels with one request. A layer that knows more hands a wider call inward, as a new object: nobody may mutate
 * the call that was handed in.
 */
export interface Call {
  /** Cancels the work. Absent when nothing can cancel, so that nobody pays for a signal that nobody uses. */
  readonly signal?: AbortSignal | undefined;
  /** Absolute, in the clock's milliseconds; after it the answer is worthless. */
  readonly deadlineAt?: number | undefined;
  /** 0 is the most important; larger numbers are shed first. */
  readonly priority?: number | undefined;
}

/** The call of somebody who asks for nothing. Shared, so that leaving the call out allocates nothing. */
export const noCall: Call = Object.freeze({});

/** Anything that takes an input and a call and promises an output: a handler, a client, a query. */
export type Service<In, Out, C extends Call = Call> = (input: In, call: C) => Promise<Out>;

/** Puts behaviour round something. Built once; what it returns runs once per call, and may run the inner part twice. */
export type Layer<Inner, Outer = Inner> = (next: Inner) => Outer;

/** A layer that neither reads the input nor makes the result, so it fits round anything. */
export type Guard = <In, Out, C extends Call>(next: Service<In, Out, C>) => Service<In, Out, C>;

/** A guard that looks at what services answer, and fits round those that answer such a `Result`. */
export type ResultGuard<Result> = <In, Out extends Result, C extends Call>(next: Service<In, Out, C>) => Service<In, Out, C>;

/**
 * A guard for services whose input and call are such as it reads. It hands both on as they are. `Result` is what they may answer
 * where it looks at that.
 */
export interface GuardFor<Input, Needs extends Call = Call, Result = unknown> {
  <In extends Input, Out extends Result, C extends Needs>(next: Service<In, Out, C>): Service<In, Out, C>;
  /** Never set: see {@link Provider}. */
  readonly "~requires"?: (call: Needs, input: Input) => void;
}

/** The call with what a layer adds; what was there under the same name is replaced, not intersected. */
export type Overwrite<C extends Call, Adds> = Call & Omit<C, keyof Adds> & Adds;

/**
 * A wider call: a copy with these additions. Not written as `{ ...call, ...adds }`, which adds properties to a spread copy
 * and so leaves V8's fast path on Node 20: 400 ns instead of 40.
 */
export function widen<C extends Call, Adds extends object>(call: C, adds: Adds): Overwrite<C, Adds> {
  return Object.assign({}, call, adds);
}

/**
 * A layer that provides more of the call to what is inside it: the pool's provides `lease`, authentication `user`.
 * It may ask that outer layers provided `Needs`, and that the input is an `Input`.
 */
export interface Provider<Adds extends object, Needs extends Call = Call, Input = unknown> {
  <In extends Input, Out, C extends Needs>(next: Service<In, Out, Overwrite<C, Adds>>): Service<In, Out, C>;
  /** Never set. The compiler compares generic functions without their constraints, so what is required stands here too. */
  readonly "~requires"?: (call: Needs, input: Input) => void;
}

/** Work that `run` performs. It may answer at once or with a promise. */
export type Work<T> = (call: Call) => T | PromiseLike<T>;
