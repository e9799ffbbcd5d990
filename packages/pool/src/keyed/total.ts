import { Fifo, FifoNode, type Clock } from "@breakwater/core";
import type { PlaceHolder, Places } from "./places.ts";

/**
 * The places that all keys share. How it works, and why.
 *
 * A pool takes a place before it creates and gives it when the destroy has settled, so what counts is what the other side sees. When
 * all are taken, a pool that wants one joins a line of pools, and a place that is given goes to the head of it; a newcomer does not
 * overtake. That alone would serve nobody while other keys sit on theirs, so room is made for the line, one resource for each who
 * stands in it: first what lies idle, at the key that was used longest ago, then what is returned, when its own pool's waiters have
 * come later than the head of the line. So no key can starve the others, however busy it is.
 */
export interface TotalOptions {
  readonly max: number;
  readonly clock: Clock;
  /** All pools, the one used longest ago first. */
  readonly pools: () => Iterable<Share>;
}

export class Total {
  readonly #options: TotalOptions;
  readonly #line = new Fifo<Share>();
  #taken = 0;
  /** Resources that are on their way out for the line's sake. */
  #leaving = 0;
  /** Whoever wants a place is at it, and will see for itself. */
  #isMakingRoom = false;
  /** Whether anything may lie idle anywhere: so that nobody looks through ten thousand keys for each caller who finds no place. */
  #hasIdle = false;

  constructor(options: TotalOptions) {
    this.#options = options;
  }

  /** Places that are there, and one that can be made. */
  get free(): number {
    return this.#options.max - this.#taken + (this.#hasIdle ? 1 : 0);
  }

  take(share: Share): boolean {
    if (this.#line.size === 0 && this.#taken < this.#options.max) this.#reserve(share);
    else if (share.reserved === 0) this.#join(share);
    this.#makeRoom();
    this.#serve(); // a destroy that settled at once has made some; it is kept for whoever is first, the asker too
    if (share.reserved === 0) return false;
    share.reserved -= 1;
    return true;
  }

  give(): void {
    this.#taken -= 1;
    if (this.#leaving > 0) this.#leaving -= 1;
    if (!this.#isMakingRoom) this.#serve();
  }

  isClaimed(share: Share, sinceMs: number): boolean {
    const head = this.#line.peek();
    const isClaimed = head !== undefined && head !== share && head.since < sinceMs && this.#leaving < this.#line.size;
    if (isClaimed) this.#leaving += 1; // whoever asks gives it up
    return isClaimed;
  }

  laidAside(): void {
    this.#hasIdle = true;
    this.#makeRoom();
    this.#serve();
  }

  /** What was kept for it and not taken goes to the next. */
  settle(share: Share): void {
    if (share.reserved === 0) return;
    this.#taken -= share.reserved;
    share.reserved = 0;
    this.#serve();
  }

  leave(share: Share): void {
    this.#line.remove(share);
    this.settle(share);
  }

  #join(share: Share): void {
    if (share.list !== undefined) return;
    share.since = this.#options.clock.now();
    this.#line.push(share);
  }

  #reserve(share: Share): void {
    this.#taken += 1;
    share.reserved += 1;
  }

  /** A place is kept for each before it is told: it may be busy with something else just now. */
  #serve(): void {
    while (this.#taken < this.#options.max) {
      const share = this.#line.shift();
      if (share === undefined) return;
      this.#reserve(share);
      share.holder?.changed();
    }
  }

  #makeRoom(): void {
    if (!this.#hasIdle || this.#leaving >= this.#line.size) return;
    const wasMakingRoom = this.#isMakingRoom;
    this.#isMakingRoom = true;
    this.#hasIdle = this.#spareOne();
    this.#isMakingRoom = wasMakingRoom;
  }

  /** False when nothing lies idle anywhere. */
  #spareOne(): boolean {
    for (const { holder } of this.#options.pools()) {
      this.#leaving += 1; // before: a destroy may settle at once
      if (holder?.sparesOne() === true) return true;
      this.#leaving -= 1;
    }
    return false;
  }
}

/** What one pool has to do with the total. */
export class Share extends FifoNode implements Places {
  readonly #total: Total;
  readonly #gave: () => void;
  holder: PlaceHolder | undefined = undefined;
  /** Places that are kept for it. */
  reserved = 0;
  /** Since when it stands in the line. */
  since = 0;

  /** `gave`: told after each place that is given back. */
  constructor(total: Total, gave: () => void) {
    super();
    this.#total = total;
    this.#gave = gave;
  }

  attach(holder: PlaceHolder): void {
    this.holder = holder;
  }

  get free(): number {
    return this.#total.free;
  }

  take(): boolean {
    return this.#total.take(this);
  }

  give(): void {
    this.#total.give();
    this.#gave();
  }

  settle(): void {
    this.#total.settle(this);
  }

  leave(): void {
    this.#total.leave(this);
  }

  laidAside(): void {
    this.#total.laidAside();
  }

  isClaimed(sinceMs: number): boolean {
    return this.#total.isClaimed(this, sinceMs);
  }
}
