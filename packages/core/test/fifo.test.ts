import { Fifo, FifoNode } from "@breakwater/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

class Item extends FifoNode {
  readonly id: number;
  constructor(id: number) {
    super();
    this.id = id;
  }
}

const ids = (fifo: Fifo<Item>): number[] => [...fifo].map(({ id }) => id);

describe("a FIFO queue", () => {
  it("gives back in the order of entry", () => {
    const fifo = new Fifo<Item>();
    for (const id of [1, 2, 3]) fifo.push(new Item(id));
    expect(fifo.peek()?.id).toBe(1);
    expect([fifo.shift()?.id, fifo.shift()?.id, fifo.shift()?.id, fifo.shift()]).toEqual([1, 2, 3, undefined]);
    expect(fifo.size).toBe(0);
  });

  it("lets anything leave from anywhere, once", () => {
    const fifo = new Fifo<Item>();
    const [a, b, c, d] = [new Item(1), new Item(2), new Item(3), new Item(4)];
    for (const item of [a, b, c, d]) fifo.push(item);
    expect([b, a, d, b].map((item) => fifo.remove(item))).toEqual([true, true, true, false]);
    expect(ids(fifo)).toEqual([3]);
  });

  it("knows its own: another queue's item does not leave", () => {
    const [mine, other] = [new Fifo<Item>(), new Fifo<Item>()];
    const item = new Item(1);
    other.push(item);
    expect(mine.remove(item)).toBe(false);
    expect(() => mine.push(item)).toThrow("bug: the node is queued already");
    expect(other.size).toBe(1);
  });

  it("takes an item again after it left", () => {
    const fifo = new Fifo<Item>();
    const item = new Item(1);
    fifo.push(item);
    fifo.shift();
    fifo.push(item);
    expect(ids(fifo)).toEqual([1]);
  });

  it("may lose the item that a walk is at", () => {
    const fifo = new Fifo<Item>();
    for (const id of [1, 2, 3]) fifo.push(new Item(id));
    for (const item of fifo) if (item.id !== 2) fifo.remove(item);
    expect(ids(fifo)).toEqual([2]);
  });

  it("does what an array would, whatever is done with it", () => {
    const step = fc.oneof(fc.constant("push" as const), fc.constant("shift" as const), fc.nat(30));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const fifo = new Fifo<Item>();
        const model: Item[] = [];
        let next = 0;
        for (const each of steps) {
          if (each === "push") {
            const item = new Item(next++);
            fifo.push(item);
            model.push(item);
          } else if (each === "shift") {
            expect(fifo.shift()).toBe(model.shift());
          } else {
            const [item] = model.splice(each, 1);
            if (item !== undefined) expect(fifo.remove(item)).toBe(true);
          }
          expect([fifo.size, fifo.peek()]).toEqual([model.length, model[0]]);
        }
        expect([...fifo]).toEqual(model);
      }),
    );
  });
});
