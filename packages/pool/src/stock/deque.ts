/**
 * A line that is worked on at both ends: an array whose front moves. Each end costs what an array's end costs, and the space in front
 * is given back when it is more than is in use. Only leaving from the middle is linear: that is for what breaks while it lies idle.
 *
 *     [ - - a b c ]      front 2; `shift` takes a, `unshift` uses the space, `pop` takes c
 */
export class Deque<T> {
  #items: (T | undefined)[] = [];
  #front = 0;

  get size(): number {
    return this.#items.length - this.#front;
  }

  /** The first, left in its place. */
  peek(): T | undefined {
    return this.#items[this.#front];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  pop(): T | undefined {
    return this.#items.length > this.#front ? this.#items.pop() : undefined;
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#front];
    this.#items[this.#front] = undefined;
    this.#front += 1;
    if (this.#front > 16 && this.#front > this.size) this.#pack();
    return item;
  }

  unshift(item: T): void {
    if (this.#front === 0) {
      this.#items.unshift(item);
    } else {
      this.#front -= 1;
      this.#items[this.#front] = item;
    }
  }

  /** False when it is not in. */
  remove(item: T): boolean {
    const index = this.#items.lastIndexOf(item);
    if (index < this.#front) return false;
    this.#items.splice(index, 1);
    return true;
  }

  /** First to last. */
  all(): T[] {
    this.#pack();
    return [...this.#items] as T[]; // only the space in front holds nothing, and it is gone
  }

  #pack(): void {
    this.#items = this.#items.slice(this.#front);
    this.#front = 0;
  }
}
