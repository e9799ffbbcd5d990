import { isRejected, type Call, type Meter, type Service } from "@breakwater/core";
import { vi } from "vitest";

/** A service that answers its input, and keeps what it was called with. */
export function echo(): { service: Service<string, string>; calls: [input: string, call: Call][] } {
  const calls: [string, Call][] = [];
  const service = async (input: string, call: Call): Promise<string> => {
    calls.push([input, call]);
    return `did ${input}`;
  };
  return { service, calls };
}

export function fate(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => (isRejected(error) ? "refused" : error));
}

/** Runs it without its warnings on the console, and gives them. */
export async function warningsOf(work: () => unknown): Promise<unknown[]> {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  try {
    await work();
    return warned.mock.calls.map(([warning]) => warning);
  } finally {
    warned.mockRestore();
  }
}

/** Adds up, by name and attributes. */
export function adding(): { meter: Meter; sums: Record<string, number> } {
  const sums: Record<string, number> = {};
  const meter: Meter = {
    counter: (name, { attributes } = {}) => ({
      add: (amount) => {
        const key = `${name} ${JSON.stringify(attributes)}`;
        sums[key] = (sums[key] ?? 0) + amount;
      },
    }),
    histogram: () => ({ record: () => undefined }),
    gauge: () => () => undefined,
  };
  return { meter, sums };
}
