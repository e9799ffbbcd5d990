import { LinkedAbort, type Service } from "@breakwater/core";
import type { ClientCall, Sending } from "./answer.ts";
import { fieldsOf } from "./fields.ts";
import type { ClientSettings } from "./options.ts";
import type { Outgoing } from "./outgoing.ts";

/** What has to be known of an attempt after its headers. */
export interface Sent {
  /** Stops it, whatever of the body has come. */
  readonly link: LinkedAbort;
  /** When its time is over, in the clock's ms. */
  readonly deadlineAt: number;
  /** How long that was when it was sent, in ms. */
  readonly timeoutMs: number;
}

const attempts = new WeakMap<Response, Sent>();

/** The attempt that gave this response. */
export function attemptOf(response: Response): Sent | undefined {
  return attempts.get(response);
}

/**
 * The innermost service: one `fetch`.
 *
 * Its signal is its own. Up to the headers it follows the call's, that is, the timeout's, the hedge's and the caller's; then all
 * of these are over, and the body has nobody but the caller to follow.
 */
export function attemptWith(settings: ClientSettings<Response>, send: typeof fetch): Service<Sending<Outgoing>, Response, ClientCall> {
  const { coversBody, clock } = settings;
  return async ({ outgoing, base }, call) => {
    const { signal, deadlineAt = Infinity } = call;
    const timeoutMs = coversBody ? deadlineAt - clock.now() : Infinity;
    const link = signal === undefined && !coversBody ? undefined : new LinkedAbort(signal);
    try {
      const response = await send(outgoing.target(base), outgoing.init(link?.signal ?? null, fieldsOf(settings, call)));
      if (link !== undefined) attempts.set(response, { link, deadlineAt, timeoutMs });
      outgoing.latest = response;
      return response;
    } finally {
      link?.release();
    }
  };
}

/** The body will not be read: its connection is let go. */
export function discard(response: Response): void {
  // Somebody reads it, or it has failed by now: then there is nothing to let go.
  response.body?.cancel().catch(() => undefined);
}
