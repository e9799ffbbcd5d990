import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { pathOf, queryOf } from "../front/request-target.ts";

/** What came in, without WHATWG objects: everything is what `node:http` made of it anyway. */
export interface HttpRequest {
  readonly method: string;
  /** As it was sent. */
  readonly url: string;
  /** Of the url, without the query; not decoded, so that what was escaped stays what it was. */
  readonly path: string;
  /** Of the url, behind the question mark; empty without one. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** As the route reads it; undefined when there was none. */
  readonly body: unknown;
  /** For everything else. Its stream is the route's only with `body: "raw"`. */
  readonly raw: IncomingMessage;
}

export class IncomingRequest implements HttpRequest {
  readonly raw: IncomingMessage;
  readonly method: string;
  readonly url: string;
  body: unknown = undefined;

  constructor(raw: IncomingMessage) {
    this.raw = raw;
    // Both are always there in a server's request.
    this.method = raw.method ?? "GET";
    this.url = raw.url ?? "/";
  }

  get headers(): IncomingHttpHeaders {
    return this.raw.headers;
  }

  get path(): string {
    return pathOf(this.url);
  }

  get query(): string {
    return queryOf(this.url);
  }
}

/** One of its headers by its lower-case name. */
export const headerOf = ({ headers }: HttpRequest, name: string): string | readonly string[] | undefined => headers[name];
