import { PassThrough } from "node:stream";
import { expect, it, vi, onTestFinished } from "vitest";
import { StatusLine } from "../src/status-line.ts";

it.each([
  [true, "\r\u001b[K  gone: 3\r\u001b[K"],
  [false, ""],
])("the status line is for terminals (%s)", (isTTY, written) => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const stream = Object.assign(new PassThrough(), { isTTY });
  const line = new StatusLine(() => "gone: 3", stream as unknown as NodeJS.WriteStream); // writes, and knows whether it is one
  line.start();
  vi.advanceTimersByTime(200);
  line.clear();
  vi.advanceTimersByTime(1_000);
  let text = "";
  const next = (): Buffer | null => stream.read() as Buffer | null; // without an encoding
  for (let piece = next(); piece !== null; piece = next()) text += piece.toString();
  expect(text).toBe(written);
});
