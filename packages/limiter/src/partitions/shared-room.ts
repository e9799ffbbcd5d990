import { Semaphore, type SemaphoreOptions } from "../semaphore.ts";

/**
 * One limit, shared by partitions.
 *
 * The problem: a limit for all lets one kind of caller take everything; a limit for each leaves places empty that others
 * wait for. Checking first and taking afterwards, or admitting a guaranteed call on top of a full limit, overshoots.
 *
 * The idea: a partition is *guaranteed* its share and may borrow what others do not use; the limit holds for all together,
 * always. What is lent comes back as soon as a place is free: of those who wait, the partition that has least of what it is
 * guaranteed (in use / share) is served first, which is weighted max-min fairness. A partition that must not wait even
 * for that does not lend: its unused share stays free.
 *
 *     limit 10    critical 0.5     [ # # # . . ]  in use 3 of 5: served first, ratio 0.6
 *                 batch    0.3     [ # # # + + ]  in use 5 of 3: borrowed 2, ratio 1.7
 *
 * A head that does not fit for its weight blocks partitions that have more of their share, or light callers would starve
 * it; it does not block those that have less.
 */
export class SharedRoom {
  readonly #partitions: PartitionSemaphore[] = [];
  #limit: number;
  #inUse = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  add(partition: PartitionSemaphore): void {
    this.#partitions.push(partition);
  }

  /** The places that are the partition's whenever it wants them. */
  guaranteed(share: number): number {
    return share === 0 ? 0 : Math.floor(share * this.#limit + 1e-9); // 0.1 + 0.2 of 10 are 3
  }

  /** As much as the partition can have at most. */
  most(partition: PartitionSemaphore): number {
    return Math.max(0, this.#limit - this.#kept(partition, () => 0));
  }

  fits(partition: PartitionSemaphore, weight: number): boolean {
    const free = this.#limit - this.#inUse - this.#kept(partition, (other) => other.inUse);
    return weight <= free;
  }

  /** Whether somebody waits who is to be served before that partition. */
  isBehind(partition: PartitionSemaphore): boolean {
    return this.#partitions.some((other) => other !== partition && other.waiting > 0 && other.saturation < partition.saturation);
  }

  took(weight: number): void {
    this.#inUse += weight;
  }

  gave(weight: number): void {
    this.#inUse -= weight;
  }

  resize(limit: number): void {
    this.#limit = limit;
    for (const partition of this.#partitions) partition.limitToMost();
    this.distribute();
  }

  /** Serves all who fit: always the partition that has least of its share. */
  distribute(): void {
    for (let partition = this.#neediest(); partition?.serveNext() === true; partition = this.#neediest());
    for (const partition of this.#partitions) partition.committed();
  }

  #neediest(): PartitionSemaphore | undefined {
    let neediest: PartitionSemaphore | undefined;
    for (const partition of this.#partitions) {
      // One that waits only for what others keep for themselves does not hold up anybody.
      if (partition.waiting === 0 || !this.fits(partition, 1)) continue;
      if (neediest === undefined || partition.saturation < neediest.saturation) neediest = partition;
    }
    return neediest;
  }

  /** What others that do not lend keep for themselves. */
  #kept(partition: PartitionSemaphore, inUseOf: (other: PartitionSemaphore) => number): number {
    if (this.#limit === Infinity) return 0; // there is enough for everybody
    let sum = 0;
    for (const other of this.#partitions) {
      if (other !== partition && !other.lends) sum += Math.max(0, this.guaranteed(other.share) - inUseOf(other));
    }
    return sum;
  }
}

/** The line and the count of one partition. */
export class PartitionSemaphore extends Semaphore {
  readonly share: number;
  readonly lends: boolean;
  readonly #room: SharedRoom;

  constructor(options: SemaphoreOptions, room: SharedRoom, share: number, lends: boolean) {
    super(options);
    this.#room = room;
    this.share = share;
    this.lends = lends;
    room.add(this);
  }

  /** How much of its share it has; above 1 it has borrowed. */
  get saturation(): number {
    return this.share === 0 ? Infinity : this.inUse / this.share;
  }

  override tryTake(weight: number): boolean {
    if (this.#room.isBehind(this) || !super.tryTake(weight)) return false;
    this.#room.took(weight);
    return true;
  }

  override give(weight: number): void {
    this.#room.gave(weight);
    super.give(weight);
  }

  /** Serves, or refuses, the first of its line. False when there is none, or it does not fit. */
  serveNext(): boolean {
    const before = this.inUse;
    const hasServed = this.serveHead();
    this.#room.took(this.inUse - before);
    return hasServed;
  }

  committed(): void {
    this.woken();
  }

  limitToMost(): void {
    this.limitTo(this.#room.most(this));
  }

  protected override fits(weight: number): boolean {
    return this.#room.fits(this, weight);
  }

  protected override freed(): void {
    this.#room.distribute();
  }

  protected override wake(): void {
    this.#room.distribute();
  }
}
