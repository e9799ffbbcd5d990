import { getHeapSpaceStatistics, getHeapStatistics, type HeapSpaceInfo } from "node:v8";
import { Fresh } from "./fresh.ts";
import type { Gauges, Probe } from "./probe.ts";

interface HeapReading {
  readonly spaces: readonly HeapSpaceInfo[];
  readonly max: number;
  readonly external: number;
}

const bySpace: readonly (readonly [name: string, field: keyof HeapSpaceInfo, description: string])[] = [
  ["v8js.memory.heap.used", "space_used_size", "Heap memory in use, by space."],
  ["v8js.memory.heap.space.size", "space_size", "Heap memory that is reserved, by space."],
  ["v8js.memory.heap.space.available_size", "space_available_size", "Heap memory that is reserved and free, by space."],
  ["v8js.memory.heap.space.physical_size", "physical_space_size", "Heap memory that is committed, by space."],
];

/** The heap of this thread. */
export function watchHeap(gauges: Gauges): Probe {
  const heap = new Fresh<HeapReading>(() => {
    const { heap_size_limit: max, external_memory: external } = getHeapStatistics();
    return { spaces: getHeapSpaceStatistics(), max, external };
  });
  // V8 has its spaces from the start, always in the same order.
  heap.value.spaces.forEach(({ space_name: space }, index) => {
    const attributes = { "v8js.heap.space.name": space };
    for (const [name, field, description] of bySpace) {
      gauges.show(name, () => Number(heap.value.spaces[index]?.[field]), { unit: "By", description, attributes });
    }
  });
  const show = (name: string, description: string, read: () => number): void =>
    gauges.show(name, read, { unit: "By", description });
  show("v8js.memory.heap.max", "What the heap may grow to before the process dies.", () => heap.value.max);
  show("nodejs.memory.external", "Memory outside the heap that its objects hold, array buffers included.", () => heap.value.external);
  return { step: () => heap.expire() };
}

/** The memory of the whole process. */
export function watchProcessMemory(gauges: Gauges): Probe {
  const memory = new Fresh(() => process.memoryUsage());
  const show = (name: string, description: string, read: () => number): void =>
    gauges.show(name, read, { unit: "By", description });
  show("process.memory.usage", "Physical memory in use.", () => memory.value.rss);
  show("nodejs.memory.array_buffers", "Memory of array buffers, Buffers included.", () => memory.value.arrayBuffers);
  return { step: () => memory.expire() };
}
