import type { FrameId, IncomingFrame } from "./frames.ts";

/**
 * Requests that came with what was read already when reading stopped, in order.
 *
 * One piece of input can hold a thousand. What is answered at once, as refusals are, frees its place at once, so one by one all of them
 * would be served before anybody else is. Therefore only so many are handed out in one turn of the event loop.
 */
export class Backlog {
  readonly #frames = new Map<FrameId, IncomingFrame>();
  readonly #perTurn: number;
  readonly #goOn: () => void;
  /** How many may still be handed out in this turn. */
  #share = 0;
  #isTurnDue = false;

  /** @param goOn - called in the next turn when some were handed out in this one, or wait for it */
  constructor(perTurn: number, goOn: () => void) {
    this.#perTurn = perTurn;
    this.#goOn = goOn;
  }

  get size(): number {
    return this.#frames.size;
  }

  has(id: FrameId): boolean {
    return this.#frames.has(id);
  }

  add(frame: IncomingFrame): void {
    this.#frames.set(frame.id, frame);
  }

  /** Whether it was there. */
  delete(id: FrameId): boolean {
    return this.#frames.delete(id);
  }

  /** The next one; undefined when there is none, or this turn has had its share. */
  take(): IncomingFrame | undefined {
    if (this.#frames.size === 0) return undefined;
    this.#beginTurn();
    if (this.#share === 0) return undefined;
    this.#share -= 1;
    const [frame] = this.#frames.values();
    if (frame !== undefined) this.#frames.delete(frame.id);
    return frame;
  }

  /** Forgets all, and says which they were. */
  clear(): readonly FrameId[] {
    const ids = [...this.#frames.keys()];
    this.#frames.clear();
    return ids;
  }

  #beginTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#share = this.#perTurn;
    setImmediate(() => {
      this.#isTurnDue = false;
      this.#goOn();
    });
  }
}
