import type { Meter } from "@breakwater/core";
import type { CallOptions } from "../front/call-options.ts";
import type { FailureOptions } from "../front/failures.ts";
import type { HttpReply } from "../front/reply.ts";
import type { RouteBounds } from "../front/route-settings.ts";
import type { FetchRequest } from "./fetch-request.ts";

/** `Context` is what a framework hands to its handlers beside the request. */
export interface FetchOptions<In, Out, Context = unknown> extends RouteBounds, CallOptions<FetchRequest>, FailureOptions {
  /** The service's input. What it throws is answered as if the service had thrown it. Default: the request. */
  readonly decode?: ((request: FetchRequest, context: Context) => In) | undefined;
  /** The answer. Default: a reply or a Response as it is, undefined as 204, anything else as JSON. */
  readonly encode?: ((out: Out, request: FetchRequest) => HttpReply | Response) | undefined;
  /** Stands in the attributes of the measurements. Default `fetch`. */
  readonly name?: string | undefined;
  /** Where measurements go. Default: nowhere. */
  readonly meter?: Meter | undefined;
}
