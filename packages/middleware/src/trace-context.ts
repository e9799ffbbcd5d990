import { checkFunction, describeLayer, noCall, widen, type Call, type Provider } from "@breakwater/core";
import { RandomIds, type FillRandom } from "./random-ids.ts";
import { parseTracestate } from "./tracestate.ts";

/** Where a request stands in its trace. */
export interface TraceContext {
  /** Of the whole trace, over all services: 32 lower-case hex digits. */
  readonly traceId: string;
  /** The caller's span, 16 hex digits; undefined when the trace begins here. */
  readonly parentId: string | undefined;
  /** Of this request, here: 16 hex digits. The parent of what it asks of others. */
  readonly spanId: string;
  /** Bits: 1 sampled, 2 the trace id is random. Others are cleared, as they mean nothing yet. */
  readonly flags: number;
  /** The first of these bits: the caller may have recorded the trace, or `sample` said so. */
  readonly sampled: boolean;
  /** The `tracestate` to send on; undefined when there is none. {@link withTracestate} adds to it. */
  readonly state: string | undefined;
}

/** A header as front ends give it: a text, or a list where it came several times. */
export type TraceHeader = string | readonly string[] | null | undefined;

export interface TraceHeaders {
  readonly traceparent?: TraceHeader;
  readonly tracestate?: TraceHeader;
}

export interface TraceContextOptions<In> {
  /** Where the request's headers are; `request.headers` of Node fits. Default: nothing, so that every call begins a trace. */
  readonly read?: ((input: In, call: Call) => TraceHeaders | undefined) | undefined;
  /** Whether a trace that begins here is to be sampled. Default: it is not. One that goes on keeps its caller's decision. */
  readonly sample?: ((input: In, call: Call) => boolean) | undefined;
  /** Fills bytes for the ids, 2048 at a time. Default `crypto.getRandomValues`. */
  readonly fillRandom?: FillRandom | undefined;
}

const sampledFlag = 1;
const randomFlag = 2;

/**
 * Provides `call.trace`: the trace that the request's headers continue, or a new one when they are absent or not valid; with
 * a span id of its own for each call. Send {@link formatTraceparent} and `trace.state` on with what you ask of others.
 *
 * Source: W3C Trace Context. A `traceparent` that came twice is not valid, and without a valid one the `tracestate` is
 * ignored. A `tracestate` that is not valid is dropped, and the trace goes on.
 *
 * @throws TypeError naming the option and the value.
 */
export function traceContext<In>(
  options: TraceContextOptions<In> = {},
): Provider<{ readonly trace: TraceContext }, Call, In> {
  const { read, sample, fillRandom } = options;
  if (read !== undefined) checkFunction("read", read);
  if (sample !== undefined) checkFunction("sample", sample);
  if (fillRandom !== undefined) checkFunction("fillRandom", fillRandom);
  const ids = new RandomIds(fillRandom);
  const layer: Provider<{ readonly trace: TraceContext }, Call, In> =
    (next) =>
    (input, call = noCall as typeof call) => { // JavaScript may leave it out
      try {
        const trace = continued(read?.(input, call), ids) ?? begun(sample?.(input, call) === true, ids);
        return next(input, widen(call, { trace }));
      } catch (error) {
        return Promise.reject(error);
      }
    };
  return describeLayer(layer, { kind: "trace-context" });
}

/** The `traceparent` header for what this request asks of others: its span is the parent of theirs. */
export function formatTraceparent(trace: Pick<TraceContext, "traceId" | "spanId" | "flags">): string {
  return `00-${trace.traceId}-${trace.spanId}-${(trace.flags & 0xff).toString(16).padStart(2, "0")}`;
}

// Of a later version, what follows after another dash is not ours to read.
const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
const lengthOfVersion00 = 55;
const noTrace = "0".repeat(32);
const noSpan = "0".repeat(16);

/**
 * What a `traceparent` says, or undefined if it is not valid: lower-case hex, no id of zeros, exactly four fields in version
 * 00, at least these in a later one, and never version ff.
 */
export function parseTraceparent(text: string): Pick<TraceContext, "traceId" | "flags"> & { readonly parentId: string } | undefined {
  if (!traceparentPattern.test(text) || text.startsWith("ff")) return undefined;
  if (text.startsWith("00") && text.length > lengthOfVersion00) return undefined;
  const traceId = text.slice(3, 35);
  const parentId = text.slice(36, 52);
  if (traceId === noTrace || parentId === noSpan) return undefined;
  return { traceId, parentId, flags: Number.parseInt(text.slice(53, 55), 16) & (sampledFlag | randomFlag) };
}

function continued(headers: TraceHeaders | undefined, ids: RandomIds): TraceContext | undefined {
  const text = only(headers?.traceparent);
  const parent = text === undefined ? undefined : parseTraceparent(text);
  if (parent === undefined) return undefined;
  const { traceId, parentId, flags } = parent;
  const state = joined(headers?.tracestate);
  return {
    traceId,
    parentId,
    spanId: ids.next(8),
    flags,
    sampled: (flags & sampledFlag) !== 0,
    state: state === undefined ? undefined : parseTracestate(state),
  };
}

function begun(sampled: boolean, ids: RandomIds): TraceContext {
  const flags = sampled ? sampledFlag | randomFlag : randomFlag;
  return { traceId: ids.next(16), parentId: undefined, spanId: ids.next(8), flags, sampled, state: undefined };
}

// Whatever the types say, a header may be anything.
function only(header: unknown): string | undefined {
  const value: unknown = Array.isArray(header) && header.length === 1 ? header[0] : header;
  return typeof value === "string" ? value : undefined;
}

// A list header that came several times is one list.
function joined(header: unknown): string | undefined {
  if (!Array.isArray(header)) return only(header);
  return header.every((value) => typeof value === "string") ? header.join(",") : undefined;
}
