import { pathOf, queryOf } from "../front/request-target.ts";

/** What came in, in the platform's form. */
export interface FetchRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** Of the url, without the query; not decoded, so that what was escaped stays what it was. */
  readonly path: string;
  /** Of the url, behind the question mark; empty without one. */
  readonly query: string;
  readonly headers: Headers;
  /** As the options have it read; undefined when there was none. */
  readonly body: unknown;
  /** For everything else. Its stream is the service's only with `body: "raw"`. */
  readonly raw: Request;
}

export class ArrivedRequest implements FetchRequest {
  readonly raw: Request;
  readonly method: string;
  readonly url: string;
  body: unknown = undefined;

  constructor(raw: Request) {
    this.raw = raw;
    this.method = raw.method;
    this.url = raw.url;
  }

  get headers(): Headers {
    return this.raw.headers;
  }

  get path(): string {
    return pathOf(this.url);
  }

  get query(): string {
    return queryOf(this.url);
  }
}
