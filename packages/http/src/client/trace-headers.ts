import type { Call } from "@breakwater/core";

/** What `traceContext` of `@breakwater/middleware` puts into a call, as far as it goes out. */
interface OutgoingTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly state?: string | undefined;
}

/** The headers of W3C Trace Context for the trace in `call.trace`; undefined where there is none. */
export function traceHeaders(call: Call): Readonly<Record<string, string>> | undefined {
  const { trace } = call as { readonly trace?: unknown }; // any object may be asked for a property
  if (!isTrace(trace)) return undefined;
  const traceparent = `00-${trace.traceId}-${trace.spanId}-${(trace.flags & 0xff).toString(16).padStart(2, "0")}`;
  return trace.state === undefined ? { traceparent } : { traceparent, tracestate: trace.state };
}

function isTrace(trace: unknown): trace is OutgoingTrace {
  if (typeof trace !== "object" || trace === null) return false;
  const { traceId, spanId, flags, state } = trace as Partial<Record<keyof OutgoingTrace, unknown>>; // as above
  const isWhole = typeof traceId === "string" && typeof spanId === "string" && typeof flags === "number";
  return isWhole && (state === undefined || typeof state === "string");
}
