import { checkFunction, describeLayer, noCall, widen, type Call, type Provider } from "@breakwater/core";

export interface RequestIdOptions<In> {
  /** An id that the request brought along. It is used only if it is sane: 1 to 255 letters, digits, `_`, `-` or `=`. */
  readonly read?: ((input: In, call: Call) => string | undefined) | undefined;
  /** Makes an id. Default: a random prefix of this process and a number, e.g. `k3v9x2q0-1a`. */
  readonly generate?: (() => string) | undefined;
}

// An id goes into logs and headers: what could break a line or forge an entry is not an id.
const sane = /^[\w\-=]{1,255}$/;

/**
 * Provides `call.requestId`. The ids that it makes tell requests apart; they are easy to guess, and no secret.
 *
 * @throws TypeError naming the option and the value.
 */
export function requestId<In>(options: RequestIdOptions<In> = {}): Provider<{ readonly requestId: string }, Call, In> {
  const { read, generate = numbered() } = options;
  if (read !== undefined) checkFunction("read", read);
  checkFunction("generate", generate);
  const layer: Provider<{ readonly requestId: string }, Call, In> = (next) => (input, call = noCall as typeof call) => {
    // JavaScript may leave the call out.
    try {
      const given = read?.(input, call);
      return next(input, widen(call, { requestId: isSane(given) ? given : generate() }));
    } catch (error) {
      return Promise.reject(error);
    }
  };
  return describeLayer(layer, { kind: "request-id" });
}

// A header can come as a list, whatever the types say, and a pattern would read that as its text.
function isSane(id: string | undefined): id is string {
  return typeof id === "string" && sane.test(id);
}

function numbered(): () => string {
  const random = crypto.getRandomValues(new Uint32Array(2));
  const prefix = [...random].map((part) => part.toString(36).padStart(7, "0").slice(-4)).join("");
  let last = 0;
  return () => `${prefix}-${(last += 1).toString(36)}`;
}
