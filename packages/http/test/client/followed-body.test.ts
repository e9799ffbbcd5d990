import { getEventListeners } from "node:events";
import { LinkedAbort } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { followBody } from "../../src/client/followed-body.ts";

type Step = "chunk" | "close" | "error" | "read" | "cancel" | "abort" | "late";

/** The model: how the body has ended is decided by what comes first, and the reader gets what had come before it in order. */
test("however a body ends, its reader gets a prefix of it and one end, and neither timer nor listener is left", async () => {
  const step = fc.constantFrom<Step>("chunk", "chunk", "read", "read", "close", "error", "cancel", "abort", "late");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const clock = new ManualClock();
      const caller = new AbortController();
      const link = new LinkedAbort(caller.signal);
      const ended = vi.fn();
      let source: ReadableStreamDefaultController<Uint8Array> | undefined;
      const cancelled = vi.fn();
      const inner = new ReadableStream<Uint8Array>({ start: (given) => void (source = given), cancel: cancelled });
      link.release();
      const response = followBody(new Response(inner), { link, signal: caller.signal, deadlineAt: 10, clock, timeoutError: () => new Error("late"), ended });
      const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
      let sent = 0;
      let isOpen = true;
      const isSourceOpen = (): boolean => isOpen && cancelled.mock.calls.length === 0;
      const reads: Promise<string>[] = [];
      const read = (): void => {
        if (reader === undefined) return;
        reads.push(reader.read().then(({ done, value }) => (done ? "done" : String(value[0])), (error: unknown) => (error as Error).message));
      };
      const ends: string[] = [];
      for (const one of steps) {
        if (one === "chunk" && isSourceOpen()) source?.enqueue(Uint8Array.of(sent++));
        else if ((one === "close" || one === "error") && isSourceOpen()) {
          isOpen = false;
          if (one === "close") source?.close();
          else source?.error(new Error("broken"));
        } else if (one === "read") read();
        else if (one === "cancel") await reader?.cancel().catch(() => undefined);
        else if (one === "abort") caller.abort(new Error("gone"));
        else if (one === "late") await clock.advanceAsync(10);
        if (one === "abort" || one === "late") ends.push(one);
        await settled();
      }
      if (ends.length === 0) caller.abort(new Error("gone"));
      while (reads.length < sent + 2) read();
      const got = await Promise.all(reads);
      const chunks = got.filter((text) => /^\d+$/.test(text));
      expect(chunks).toEqual(Array.from(chunks, (_, index) => String(index)));
      expect(chunks.length).toBeLessThanOrEqual(sent);
      const rest = new Set(got.slice(chunks.length));
      expect(rest.size).toBe(1);
      expect(["done", "broken", "gone", "late"]).toContain([...rest][0]);
      expect(ended).toHaveBeenCalledTimes(1);
      expect([clock.pendingRefTimers, getEventListeners(caller.signal, "abort").length]).toEqual([0, 0]);
    }),
    { numRuns: 300 },
  );
});
