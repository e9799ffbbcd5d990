/**
 * A first-in-first-out queue from which anything can leave in O(1).
 *
 * A waiter that is cancelled leaves from the middle, and an outage cancels thousands at once. An array shifts and
 * splices in O(n) (20 us for one `shift` at 100,000 entries); a ring cannot lose its middle without tombstones. So this
 * is a doubly linked list, and it is intrusive: the queued object carries the links itself, which saves an allocation
 * per entry and makes "is it still queued?" one comparison.
 *
 *     head -> [oldest] <-> [ ... ] <-> [newest] <- tail
 */
export class FifoNode {
  /** @internal The list that this node is in, if any. Changes only in Fifo. */
  list: object | undefined = undefined;
  /** @internal */
  next: FifoNode | undefined = undefined;
  /** @internal */
  previous: FifoNode | undefined = undefined;
}

export class Fifo<Node extends FifoNode> {
  #head: FifoNode | undefined = undefined;
  #tail: FifoNode | undefined = undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest, left in its place. */
  peek(): Node | undefined {
    // Only `push` puts nodes in, and it takes nothing but `Node`.
    return this.#head as Node | undefined;
  }

  /** The newest, left in its place. */
  peekNewest(): Node | undefined {
    return this.#tail as Node | undefined; // as in peek
  }

  /** @throws Error when the node is queued already, here or elsewhere. */
  push(node: Node): void {
    if (node.list !== undefined) throw new Error("bug: the node is queued already");
    node.list = this;
    node.previous = this.#tail;
    if (this.#tail === undefined) this.#head = node;
    else this.#tail.next = node;
    this.#tail = node;
    this.#size += 1;
  }

  /** Takes the oldest out. */
  shift(): Node | undefined {
    const node = this.peek();
    if (node !== undefined) this.remove(node);
    return node;
  }

  /** Takes this one out, wherever it stands. False when it is not in this queue. */
  remove(node: Node): boolean {
    if (node.list !== this) return false;
    const { next, previous } = node;
    if (previous === undefined) this.#head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    node.list = node.next = node.previous = undefined;
    this.#size -= 1;
    return true;
  }

  /** Oldest first. The one just yielded may be removed during the walk. */
  *[Symbol.iterator](): Generator<Node, void> {
    let node = this.peek();
    while (node !== undefined) {
      const next = node.next as Node | undefined; // see peek
      yield node;
      node = next;
    }
  }
}
