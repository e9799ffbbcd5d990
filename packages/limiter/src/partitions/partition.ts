import { FixedLimiter } from "../fixed-limiter.ts";
import type { Settings } from "../options.ts";
import { PartitionSemaphore, type SharedRoom } from "./shared-room.ts";

/** A part of a {@link PartitionedLimiter}: a limiter of its own, with a line of its own, within the common limit. */
export class Partition extends FixedLimiter {
  readonly #room: SharedRoom;
  /** From 0 to 1. */
  readonly share: number;

  /** @internal Made by the limiter. */
  constructor(settings: Settings, room: SharedRoom, share: number, lends: boolean) {
    super(settings, (options) => new PartitionSemaphore(options, room, share, lends));
    this.#room = room;
    this.share = share;
  }

  /** So many places are its own whenever it wants them, or as soon as one is given back. */
  get guaranteed(): number {
    return this.#room.guaranteed(this.share);
  }
}
