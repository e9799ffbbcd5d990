import { widen, type Call, type Provider } from "@breakwater/core";

export interface RequestIdOptions<In> {
  /** An id that the request brought along. It is used only if it is sane: 1 to 255 letters, digits, `_`, `-` or `=`. */
  readonly read?: ((input: In, call: Call) => string | undefined) | undefined;
  /** Makes an id. Default: a random prefix of this process and a number, e.g. `k3v9x2q0-1a`. */
  readonly generate?: (() => string) | undefined;
}

// An id goes into logs and headers: what could break a line or forge an entry is not an id.
const sane = /^[\w\-=]{1,255}$/;

/** Provides `call.requestId`. */
export function requestId<In>(options: RequestIdOptions<In> = {}): Provider<{ readonly requestId: string }, Call, In> {
  const { read, generate = numbered() } = options;
  return (next) => (input, call) => {
    const given = read?.(input, call);
    return next(input, widen(call, { requestId: given !== undefined && sane.test(given) ? given : generate() }));
  };
}

function numbered(): () => string {
  const random = crypto.getRandomValues(new Uint32Array(2));
  const prefix = [...random].map((part) => part.toString(36).padStart(7, "0").slice(-4)).join("");
  let last = 0;
  return () => `${prefix}-${(last += 1).toString(36)}`;
}
