import type { MessagePort } from "node:worker_threads";
import { checkSnapshot } from "../snapshot/check.ts";
import { seriesPerStep, type Steps } from "../snapshot/steps.ts";
import type { SeriesSnapshot, Snapshot } from "../snapshot.ts";

/**
 * What workers and the primary say to each other. The channel belongs to the program, so each message stands under a key
 * of its own, and everything else is left alone.
 *
 * Snapshots travel as text. The primary reads it when it is asked for, not when it comes, so that what workers push
 * every second costs it next to nothing.
 */
export type Message =
  /** The worker is there, and answers. A thread hands over its end of a channel. */
  | { readonly type: "hello"; readonly port?: MessagePort | undefined }
  /** The primary asks who is there. */
  | { readonly type: "who" }
  | { readonly type: "collect"; readonly id: number }
  /** The answer to `collect`, everything that there is. */
  | { readonly type: "snapshot"; readonly id: number; readonly text: string }
  /** Unasked: what must outlive the worker. */
  | { readonly type: "lasting"; readonly text: string };

const key = "@breakwater/metrics";

export function wrap(message: Message): Readonly<Record<string, Message>> {
  return { [key]: message };
}

/** Undefined for a message that is not ours. */
export function unwrap(data: unknown): Message | undefined {
  if (typeof data !== "object" || data === null || !(key in data)) return undefined;
  const message = data[key];
  return typeof message === "object" && message !== null ? (message as Message) : undefined; // nobody else uses the key
}

/** A snapshot as text, in steps, as it is taken. */
export function* encodeSteps(taking: Steps<Snapshot>): Steps<string> {
  const { metrics, ...head } = yield* taking;
  const texts: string[] = [];
  for (const { series, ...metric } of metrics) {
    const parts: string[] = [];
    for (let start = 0; start < series.length; start += seriesPerStep) {
      const some = series.slice(start, start + seriesPerStep);
      parts.push(JSON.stringify(metric.type === "gauge" ? some.map(withText) : some).slice(1, -1));
      yield;
    }
    texts.push(`${JSON.stringify(metric).slice(0, -1)},"series":[${parts.join(",")}]}`);
  }
  return `${JSON.stringify(head).slice(0, -1)},"metrics":[${texts.join(",")}]}`;
}

// JSON has no NaN and no infinities, and a limit of Infinity is a limit; gauges are the only ones that may have them.
function withText(series: SeriesSnapshot<unknown>): SeriesSnapshot<unknown> {
  return Number.isFinite(series.reading) ? series : { ...series, reading: String(series.reading) };
}

/** @throws RangeError for a snapshot of another version; TypeError or SyntaxError for something else. */
export function decode(text: string): Snapshot {
  const snapshot: unknown = JSON.parse(text);
  checkSnapshot("a worker's answer", snapshot);
  const metrics = snapshot.metrics.map((metric) =>
    metric.type !== "gauge" ? metric : { ...metric, series: metric.series.map((series) => ({ ...series, reading: numberIn(series.reading) })) },
  );
  return { ...snapshot, metrics };
}

function numberIn(reading: unknown): number {
  return Number(reading); // some were made text of
}
