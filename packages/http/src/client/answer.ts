import type { Call } from "@breakwater/core";

/** What a server answered, as far as the layers look at it: a `Response`, or the head of one. */
export interface Answer {
  readonly status: number;
  /** A `Headers`, or a plain object of fields. */
  readonly headers: unknown;
}

/** What travels inside a client with one request. */
export interface ClientCall extends Call {
  /** Whether the request may be sent more than once. */
  readonly isRepeatable: boolean;
}

/** One request, looked at once, and sent as often as needed. */
export interface Outbound<A extends Answer> {
  /** Where it goes unless a balancer says otherwise. */
  readonly origin: string;
  /** The latest answer to it, for whoever has to clean up. */
  latest: A | undefined;
  /** The base addresses to which it has gone; made by the first. */
  tried: Set<string> | undefined;
}

/** One attempt. */
export interface Sending<Out> {
  readonly outgoing: Out;
  /** The address that a balancer chose; undefined where the request says itself where it goes. */
  readonly base: URL | undefined;
  readonly origin: string;
}

/** What is different from client to client: how an answer that nobody gets is let go. */
export type Discard<A extends Answer> = (answer: A) => void;
