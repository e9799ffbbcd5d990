import { Fifo, FifoNode, Heap, WaitLine, Waiter, type HeapItem } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Item extends HeapItem {
  rank: number;
}

describe("a heap", () => {
  it("has the first on top, whatever joins, leaves or changes its rank", () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant("push" as const), rank: fc.nat(20) }),
      fc.record({ type: fc.constant("remove" as const), index: fc.nat(30) }),
      fc.record({ type: fc.constant("update" as const), index: fc.nat(30), rank: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const heap = new Heap<Item>((one, other) => one.rank < other.rank);
        const items: Item[] = [];
        for (const each of steps) {
          const item = each.type === "push" ? undefined : items[each.index % Math.max(1, items.length)];
          if (each.type === "push") {
            const pushed = { rank: each.rank, heapIndex: -1 };
            items.push(pushed);
            heap.push(pushed);
          } else if (item !== undefined && each.type === "remove") {
            expect([heap.remove(item), heap.remove(item)]).toEqual([true, false]);
            items.splice(items.indexOf(item), 1);
          } else if (item !== undefined && each.type === "update") {
            item.rank = each.rank;
            heap.update(item);
          }
          expect(heap.size).toBe(items.length);
          expect(heap.peek()?.rank).toBe(items.length === 0 ? undefined : Math.min(...items.map(({ rank }) => rank)));
          expect([...heap].every(({ heapIndex }, index) => heapIndex === index)).toBe(true);
        }
      }),
    );
  });
});

class Named extends Waiter {
  readonly name: string;
  refusedWith: unknown = undefined;

  constructor(name: string, signal?: AbortSignal, deadlineAt?: number) {
    super(signal, deadlineAt);
    this.name = name;
  }

  refuse(error: unknown): void {
    this.refusedWith = error;
  }
}

describe("a wait line", () => {
  it("serves in the order of its queue, and takes out anybody from anywhere", () => {
    const clock = new ManualClock();
    const stack = new (class extends Fifo<Named> {
      override peek(): Named | undefined {
        return this.peekNewest();
      }
    })();
    const line = new WaitLine<Named>({ clock, queue: stack, expired: () => "late" });
    const [a, b, c] = ["a", "b", "c"].map((name) => new Named(name));
    if (a === undefined || b === undefined || c === undefined) throw new Error("bug");
    for (const waiter of [a, b, c]) line.join(waiter);
    expect(line.next()).toBe(c);
    expect([line.take(b), line.take(b), line.take(c), line.next(), line.size]).toEqual([true, false, true, a, 1]);
  });

  it("keeps what it was told: aborts, deadlines, and neither when it was taken in time", () => {
    const clock = new ManualClock();
    let left = 0;
    const line = new WaitLine<Named>({ clock, expired: ({ name }) => `${name} late`, left: () => (left += 1) });
    const controller = new AbortController();
    const aborted = new Named("aborted", controller.signal);
    const late = new Named("late", undefined, 50);
    const taken = new Named("taken", controller.signal, 60);
    const never = new Named("never", undefined, Infinity);
    for (const waiter of [aborted, late, taken, never]) line.join(waiter);
    line.take(taken);
    controller.abort("stop");
    clock.advance(100);
    expect([aborted.refusedWith, late.refusedWith, taken.refusedWith, left]).toEqual(["stop", "late late", undefined, 2]);
    expect([line.next(), clock.pendingTimers]).toEqual([never, 0]);
    expect([line.isOver(undefined), line.isOver(100), line.isOver(101), line.isOver(Infinity)]).toEqual([false, true, false, false]);
  });
});

it("a queue knows its newest", () => {
  const queue = new Fifo<FifoNode>();
  const [a, b] = [new FifoNode(), new FifoNode()];
  expect(queue.peekNewest()).toBeUndefined();
  queue.push(a);
  queue.push(b);
  expect([queue.peek(), queue.peekNewest()]).toEqual([a, b]);
});
