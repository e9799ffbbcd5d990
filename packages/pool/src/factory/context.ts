import type { Clock, Timer } from "@breakwater/core";

/**
 * The asynchronous context that the pool's own work runs in.
 *
 * Whoever asks for a resource first makes the pool create one, and a socket that is opened in a request's context holds that
 * request's store for as long as it lives, and adds its later events to that request's trace. So the factory's functions run, and
 * timers are set, in the context in which the pool was built. Those who wait go on in their own by themselves: a promise keeps the
 * context of whoever awaits it.
 *
 * Asked of the process rather than imported: where there is no such module (browsers, workers) there is no such context.
 */
export type RunInContext = <T>(work: () => T) => T;

interface AsyncHooks {
  readonly AsyncLocalStorage: {
    new <T>(): ContextStore<T>;
    snapshot?: () => RunInContext;
  };
}

/** What is carried along in a context. */
export interface ContextStore<T> {
  getStore(): T | undefined;
  run<Out>(store: T, work: () => Out): Out;
}

interface WithBuiltins {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
}

const hooks = (globalThis as WithBuiltins).process?.getBuiltinModule?.("node:async_hooks") as AsyncHooks | undefined; // the module's own shape

/** The way back into the present context; undefined where there is none. */
export function captureContext(): RunInContext | undefined {
  return hooks?.AsyncLocalStorage.snapshot?.();
}

export function makeContextStore<T>(): ContextStore<T> | undefined {
  return hooks && new hooks.AsyncLocalStorage<T>();
}

/** Sets timers in that context. */
export class ContextClock implements Clock {
  readonly now: () => number;
  readonly #clock: Clock;
  readonly #run: RunInContext;

  constructor(clock: Clock, run: RunInContext) {
    this.#clock = clock;
    this.#run = run;
    this.now = () => clock.now();
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    return this.#run(() => this.#clock.setTimer(callback, delayMs));
  }
}
