import { warn } from "@breakwater/core";
import type { Snapshot } from "../snapshot.ts";
import { lastingOf } from "../snapshot/take.ts";
import type { Downlink } from "./downlink.ts";
import { decode, type Message } from "./messages.ts";

/** One worker, as the primary knows it. */
export class Member {
  readonly name: string;
  /** Whether it has said that it publishes. Nobody waits for one that has not. */
  isReady = false;
  downlink: Downlink | undefined = undefined;
  // The latest that it said, read when somebody wants to know.
  #latest: string | undefined = undefined;
  #hasWarned = false;

  constructor(name: string) {
    this.name = name;
  }

  received(message: Message): void {
    this.isReady = true;
    // What it says comes in the order in which it counted, so the last is the most.
    if (message.type === "snapshot" || message.type === "lasting") this.#latest = message.text;
  }

  /** Undefined when it cannot be read: a worker that runs another version is as good as silent. */
  read(text: string): Snapshot | undefined {
    try {
      return decode(text);
    } catch (error) {
      if (!this.#hasWarned) warn(error);
      this.#hasWarned = true;
      return undefined;
    }
  }

  /** What it counted until it was heard last; undefined when that is nothing. */
  lasting(): Snapshot | undefined {
    const snapshot = this.#latest === undefined ? undefined : this.read(this.#latest);
    return snapshot && lastingOf(snapshot);
  }
}
