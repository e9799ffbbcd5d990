import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock, Service } from "@breakwater/core";
import type { CallMaker } from "../../front/call-options.ts";
import type { Failures, Problem } from "../../front/failures.ts";
import type { Misdeed } from "./frames.ts";
import type { FrontMeasures } from "./front-measures.ts";
import type { PeerSettings } from "./front-options.ts";
import type { Peer } from "./peer.ts";

/** What calls need of their front. */
export interface CallsHost {
  readonly service: Service<unknown, unknown>;
  readonly calls: CallMaker<unknown>;
  readonly failures: Failures;
  readonly measures: FrontMeasures;
  readonly settings: PeerSettings;
}

/** What a connection needs of its front. */
export interface PeerHost extends CallsHost {
  readonly clock: Clock;
  /** What those are told whose requests are refused here. */
  readonly refusals: { readonly inFlight: Problem; readonly draining: Problem };
  /** It was ended for what the client did, or did not. */
  dropped(misdeed: Misdeed): void;
  /** The connection is closed. */
  gone(peer: Peer): void;
}

/** What a connection began with. */
export interface PeerOrigin {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  /** What the upgrade adds to each call. */
  readonly adds: object | undefined;
}
