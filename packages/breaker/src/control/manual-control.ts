import { warn } from "@breakwater/core";
import type { BreakerMode } from "../events.ts";
import { Isolation } from "./override.ts";

/** What a control does to each breaker. */
export interface Controlled {
  hold(holder: object): void;
  letGo(holder: object): void;
  setMode(mode: BreakerMode, isOwn: boolean): void;
  reset(): void;
}

/**
 * One hand on many breakers: give it to them as the option `control`, before or after using it.
 *
 * A listener of one of them may call back in while the others are still to come: each is brought to what the control says by
 * then, not to what it said when the round began. What one of them throws becomes a process warning, and the others get their turn.
 *
 * It refers to them weakly, so a control that lives as long as the process does not keep breakers that nobody uses any more.
 */
export class ManualControl {
  readonly #isolations = new Set<Isolation>();
  #members: WeakRef<Controlled>[] = [];
  #mode: BreakerMode = "auto";
  #sweepAt = 64;

  /** Whether somebody holds all of them open. */
  get isIsolated(): boolean {
    return this.#isolations.size > 0;
  }

  get mode(): BreakerMode {
    return this.#mode;
  }

  /** Holds all of them open, those that come later too, until each handle of the kind is released. */
  isolate(): Isolation {
    const isolation = new Isolation((self) => this.#release(self));
    this.#isolations.add(isolation);
    if (this.#isolations.size === 1) this.#forEach(this.#hold);
    return isolation;
  }

  /** As if {@link Breaker.disable} were called on each, and on those that come later. */
  disable(): void {
    this.#setMode("disabled");
  }

  /** As if {@link Breaker.observe} were called on each, and on those that come later. */
  observe(): void {
    this.#setMode("observing");
  }

  /** As if {@link Breaker.enable} were called on each. */
  enable(): void {
    this.#setMode("auto");
  }

  /** As if {@link Breaker.reset} were called on each. */
  reset(): void {
    this.#forEach((member) => member.reset());
  }

  /** @internal Called by breakers, which begin by what this says. */
  enroll(member: Controlled): void {
    if (this.#members.length >= this.#sweepAt) this.#sweep();
    this.#members.push(new WeakRef(member));
  }

  #release(isolation: Isolation): void {
    this.#isolations.delete(isolation);
    if (!this.isIsolated) this.#forEach(this.#hold);
  }

  #setMode(mode: BreakerMode): void {
    this.#mode = mode;
    this.#forEach((member) => member.setMode(this.#mode, false));
  }

  readonly #hold = (member: Controlled): void => {
    if (this.isIsolated) member.hold(this);
    else member.letGo(this);
  };

  #forEach(action: (member: Controlled) => void): void {
    for (const reference of [...this.#members]) {
      const member = reference.deref();
      try {
        if (member !== undefined) action(member);
      } catch (error) {
        warn(error);
      }
    }
  }

  // When as many again have come as lived at the last time: so each pays a constant share of it.
  #sweep(): void {
    this.#members = this.#members.filter((reference) => reference.deref() !== undefined);
    this.#sweepAt = Math.max(64, 2 * this.#members.length);
  }
}
