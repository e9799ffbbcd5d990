import { checkNumber, systemClock, type Clock } from "@breakwater/core";
import { checkFormat, type Format } from "./format.ts";
import { blocksOf, type Block } from "./lines.ts";
import { exposedOf, type Exposable } from "./source.ts";
import { nextTurn } from "./turn.ts";

/**
 * A scrape that does not stop the service that it measures.
 *
 * Eight megabytes of text made in one go block the event loop for a second, and every request with it. So the text is
 * made in chunks, and whenever the work has taken `sliceMs` the loop gets its turn, for timers, sockets and requests. The
 * clock starts anew when the loop comes back, so what the reader of the chunks does in the same turn, such as encoding
 * them, is part of the slice. It is asked every few series: more often it would cost as much as the text.
 *
 * The price: series are not all of one moment. Each one is, with its buckets, count and sum, and that is all that a
 * reader of Prometheus text may rely on. Rejected: a copy of everything before the first byte, which is as one moment,
 * and blocks the loop to make it. Whoever wants that hands a snapshot in.
 */
const seriesPerLook = 16; // their text takes some 20 us

/** How a text in chunks is made. */
export interface ExposeOptions {
  /** Default `"prometheus"`, which is text 0.0.4. See {@link negotiate}. */
  readonly format?: Format | undefined;
  /** Characters of a chunk, at least; from 1. Default 32,768. */
  readonly chunkLength?: number | undefined;
  /** Work without a break, in ms. Default 2. With Infinity there is none. */
  readonly sliceMs?: number | undefined;
  /** Times the slices. Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/** All text in one go. For tests, and for few series: it blocks the event loop while it works. */
export function renderText(source: Exposable, format: Format = "prometheus"): string {
  let text = "";
  for (const part of partsOf(source, checkFormat(format))) text += part;
  return text + endOf(format);
}

/**
 * The text of a registry or of a snapshot in chunks, with turns for the event loop between them. Work begins with the
 * first `next()`, and stops for good when the reader returns early. When something throws, the reader must abort its
 * connection: half a text may look like a whole one.
 *
 * @throws TypeError or RangeError naming the option and its value.
 */
export function expose(source: Exposable, options: ExposeOptions = {}): AsyncGenerator<string, void> {
  const { format = "prometheus", chunkLength = 32_768, sliceMs = 2, clock = systemClock } = options;
  return chunks(source, {
    format: checkFormat(format),
    chunkLength: checkNumber("chunkLength", chunkLength, { min: 1 }),
    sliceMs: checkNumber("sliceMs", sliceMs),
    clock,
  });
}

interface Plan {
  readonly format: Format;
  readonly chunkLength: number;
  readonly sliceMs: number;
  readonly clock: Clock;
}

async function* chunks(source: Exposable, { format, chunkLength, sliceMs, clock }: Plan): AsyncGenerator<string, void> {
  let startedAt = clock.now();
  let chunk = "";
  let series = 0;
  for (const part of partsOf(source, format)) {
    chunk += part;
    const isFull = chunk.length >= chunkLength;
    if (isFull) {
      yield chunk;
      chunk = "";
    }
    series += 1;
    if ((isFull || series % seriesPerLook === 0) && clock.now() - startedAt >= sliceMs) {
      await nextTurn();
      startedAt = clock.now();
    }
  }
  const last = chunk + endOf(format);
  if (last !== "") yield last;
}

// Series without text are told of all the same, and so are families before they are sorted: they take time.
function* partsOf(source: Exposable, format: Format): Generator<string, void> {
  const blocks: Block[] = [];
  for (const block of blocksOf(exposedOf(source), format)) {
    blocks.push(block);
    yield "";
  }
  blocks.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const block of blocks) yield* block.texts();
}

// Whoever does not read this line knows that the text was cut.
function endOf(format: Format): string {
  return format === "openmetrics" ? "# EOF\n" : "";
}
