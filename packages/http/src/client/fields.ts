import { warn, type Call } from "@breakwater/core";
import { formatTimeoutHeader, remainingMs } from "@breakwater/deadline";
import type { ClientSettings } from "./options.ts";

/** The fields that an attempt carries for the sake of the server: how long it has, and in which trace it stands. */
export function fieldsOf(settings: Pick<ClientSettings, "timeoutHeader" | "trace" | "clock">, call: Call): readonly (readonly [string, string])[] {
  const { timeoutHeader, trace, clock } = settings;
  const fields = trace === undefined ? [] : traceOf(trace, call);
  const left = timeoutHeader === undefined ? undefined : formatTimeoutHeader(remainingMs(call, clock));
  if (timeoutHeader !== undefined && left !== undefined) fields.push([timeoutHeader, left]);
  return fields;
}

// A call that cannot be traced is made all the same.
function traceOf(trace: NonNullable<ClientSettings["trace"]>, call: Call): (readonly [string, string])[] {
  try {
    const fields = Object.entries(trace(call) ?? {});
    if (fields.length > 0) new Headers(fields); // throws where a field is none, and not only at the attempt
    return fields;
  } catch (error) {
    warn(error);
    return [];
  }
}
