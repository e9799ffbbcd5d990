import { checkNumber, Emitter, noopMeter, warn, increment, type Call, type Counter, type Meter, type Unsubscribe } from "@breakwater/core";
import type { ChaosEvents, ChaosKind, Injection } from "./events.ts";
import { readOptions, type ChaosOptions, type Settings } from "./options.ts";

/** A snapshot for programs and tests. The counts are since the layer was made. */
export interface ChaosStats {
  /** Calls that came while it was enabled, the matching ones and the others. */
  readonly calls: number;
  /** How many of them were touched. */
  readonly injected: number;
}

/**
 * Decides which calls are touched, and keeps count of it.
 *
 * One number is drawn for each call that matches, and none where the rate is 0 or 1: so a predicate that sorts calls out, and
 * times when it is off, leave the sequence of a seed as it was. What the user's functions throw is not the dependency's
 * fault and must not look like it: it becomes a process warning, and the call goes untouched.
 */
export class Trigger<Input, Needs extends Call> {
  readonly kind: ChaosKind;
  readonly #settings: Settings<Input, Needs>;
  readonly #events = new Emitter<ChaosEvents>();
  readonly #counter: Counter | undefined;
  #calls = 0;
  #injected = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(kind: ChaosKind, options: ChaosOptions<Input, Needs>) {
    this.kind = kind;
    this.#settings = readOptions(options);
    this.#counter = counterOf(this.#settings.meter, kind, this.#settings.name);
  }

  get name(): string | undefined {
    return this.#settings.name;
  }

  get random(): () => number {
    return this.#settings.random;
  }

  /** For good: no call will ever be touched. */
  get isOff(): boolean {
    return this.#settings.rate === 0;
  }

  get stats(): ChaosStats {
    return { calls: this.#calls, injected: this.#injected };
  }

  on<Type extends keyof ChaosEvents>(type: Type, listener: (event: ChaosEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /** Whether this call is touched. Asked once for each. Never throws. */
  draw(input: Input, call: Needs): boolean {
    if (this.#settings.toggle?.isOn === false) return false;
    try {
      return this.#draw(input, call);
    } catch (error) {
      warn(error);
      return false;
    }
  }

  /** A call is being touched. */
  injected(injection: Injection): void {
    this.#injected += 1;
    if (this.#counter !== undefined) increment(this.#counter);
    this.#events.emit("injected", injection);
  }

  #draw(input: Input, call: Needs): boolean {
    const { isEnabled, when, rate, random } = this.#settings;
    if (isEnabled !== undefined && !isEnabled()) return false;
    this.#calls += 1;
    if (when !== undefined && !when(input, call)) return false;
    const share = typeof rate === "number" ? rate : checkNumber("rate", rate(input, call), { max: 1 });
    return share === 1 || (share > 0 && random() < share);
  }
}

function counterOf(meter: Meter, kind: ChaosKind, name: string | undefined): Counter | undefined {
  if (meter === noopMeter) return undefined;
  const attributes = name === undefined ? { kind } : { kind, name };
  return meter.counter("breakwater.chaos.injected", { description: "Calls that chaos has touched", unit: "{call}", attributes });
}
