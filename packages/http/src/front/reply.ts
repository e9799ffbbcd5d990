import { checkNumber } from "@breakwater/core";

/** Pieces that are sent as they come, each when the one before has left: an async generator, a Readable, a web stream. */
export type ReplyStream = AsyncIterable<string | Uint8Array>;

export type ReplyHeaders = Readonly<Record<string, string | number | readonly string[]>>;

export interface ReplyOptions {
  /** 200 to 599. Default 200. */
  readonly status?: number | undefined;
  /** Names in lower case. `content-length` is set where the body's length is known. Default none. */
  readonly headers?: ReplyHeaders | undefined;
  /**
   * Of a stream that has no end of its own, such as server-sent events: a server that stops ends it at once, instead of waiting
   * for it until the grace is over. Default false.
   */
  readonly isEndless?: boolean | undefined;
}

const brand = Symbol.for("@breakwater/http-reply");

/** An answer as it goes out, for what the default does not do: a status, fields, text, bytes, a stream. Made by {@link reply}. */
export class HttpReply {
  readonly body: string | Uint8Array | ReplyStream | undefined;
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly isEndless: boolean;

  /** @internal */
  constructor(body: string | Uint8Array | ReplyStream | undefined, { status = 200, headers = {}, isEndless = false }: ReplyOptions) {
    this.body = body;
    this.status = checkNumber("status", status, { min: 200, max: 599, integer: true });
    this.headers = headers;
    this.isEndless = isEndless;
  }
}
Object.defineProperty(HttpReply.prototype, brand, { value: true });

/**
 * An answer with this body, sent as it is.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function reply(body?: string | Uint8Array | ReplyStream, options: ReplyOptions = {}): HttpReply {
  return new HttpReply(body, options);
}

/** An answer with this as JSON, for a status or fields of one's own. */
export function jsonReply(value: unknown, options: ReplyOptions = {}): HttpReply {
  return new HttpReply(JSON.stringify(value) as string | undefined, { ...options, headers: { "content-type": "application/json", ...options.headers } });
}

/** Whether it is one, whichever copy of this module made it. */
export function isReply(value: unknown): value is HttpReply {
  return typeof value === "object" && value !== null && brand in value;
}
