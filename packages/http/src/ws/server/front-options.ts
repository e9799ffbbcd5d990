import type { IncomingMessage } from "node:http";
import { checkFunction, checkNumber, noopMeter, type Call, type Meter } from "@breakwater/core";
import type { CallOptions } from "../../front/call-options.ts";
import type { FailureOptions } from "../../front/failures.ts";
import { readOrigins, type OriginCheck, type Origins } from "./origins.ts";

export interface WebSocketFrontOptions<In, Out, Adds extends object> extends Pick<CallOptions<unknown>, "timeoutMs" | "clock">, FailureOptions {
  /** Stands in reports, refusals, and the attributes of the measurements. Default `websocket`. */
  readonly name?: string | undefined;
  /** Where upgrades are taken, exactly, without a query. Default `/`. */
  readonly path?: string | undefined;
  /** The service's input. What it throws is answered as if the service had thrown it. Default: the frame's input as it is. */
  readonly decode?: ((input: unknown, request: IncomingMessage) => In) | undefined;
  /** What is sent. Default: what the service answers. */
  readonly encode?: ((output: Out) => unknown) | undefined;
  /** Reads a call's priority. Default: calls have none, since a stranger would choose the best. */
  readonly priorityOf?: ((input: unknown, request: IncomingMessage) => number | undefined) | undefined;
  /**
   * Decides about each connection: what it answers is added to each of its calls, what it throws is the answer, e.g. a `StatusError` of 401.
   * Its call's signal is aborted when the client goes, or after `upgradeTimeoutMs`.
   */
  readonly upgrade?: ((request: IncomingMessage, call: Call) => Adds | PromiseLike<Adds>) | undefined;
  /** How long `upgrade` may take, in ms from 1; then 503. Default 10,000. */
  readonly upgradeTimeoutMs?: number | undefined;
  /** Whose pages may connect. Default `same-host`. See {@link Origins}. */
  readonly origins?: Origins | undefined;
  /** With so many connections further upgrades get a 503: whole, from 1. Default 10,000. */
  readonly maxConnections?: number | undefined;
  /** How many calls of one connection may be in flight: whole, from 1. Default 100. */
  readonly maxInFlight?: number | undefined;
  /**
   * What happens to calls above that. `pause`, the default: they stay unread, and a client that sends on is slowed down by TCP; neither a
   * cancel nor a goodbye behind them is heard meanwhile. `refuse`: each is answered with an error at once.
   */
  readonly whenFull?: "pause" | "refuse" | undefined;
  /** When somebody who was refused may come again, in ms from 0. Default 1,000. */
  readonly retryAfterMs?: number | undefined;
  /** A longer message ends its connection with 1009, in bytes from 1. Default 1,048,576. */
  readonly maxPayloadBytes?: number | undefined;
  /** With more than this unsent nothing more is read from that connection, in bytes from 1. Default 1,048,576. */
  readonly highWaterBytes?: number | undefined;
  /** With more than this unsent it is ended with 1013, in bytes from `highWaterBytes`. Default 16,777,216. */
  readonly maxBufferedBytes?: number | undefined;
  /** A client that does not take what is above `highWaterBytes` within this is ended with 1013, in ms from 1. Default 30,000. */
  readonly stalledTimeoutMs?: number | undefined;
  /** How often clients are pinged; one that has given no sign of life since the last time is cut off. In ms from 1. Default 30,000. */
  readonly heartbeatMs?: number | undefined;
  /** How long a client may take to answer a goodbye before it is cut off, in ms from 0. Default 1,000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Where measurements go. Default: nowhere. */
  readonly meter?: Meter | undefined;
}

/** What one connection needs to know. */
export interface PeerSettings {
  readonly decode: ((input: unknown, request: IncomingMessage) => unknown) | undefined;
  readonly encode: ((output: unknown) => unknown) | undefined;
  readonly priorityOf: ((input: unknown, request: IncomingMessage) => number | undefined) | undefined;
  readonly maxInFlight: number;
  readonly refuses: boolean;
  readonly retryAfterMs: number;
  readonly highWaterBytes: number;
  readonly maxBufferedBytes: number;
  readonly stalledTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface FrontSettings {
  readonly name: string;
  readonly path: string;
  readonly upgrade: ((request: IncomingMessage, call: Call) => object | PromiseLike<object>) | undefined;
  readonly upgradeTimeoutMs: number;
  readonly allows: OriginCheck;
  readonly maxConnections: number;
  readonly maxPayloadBytes: number;
  readonly heartbeatMs: number;
  readonly meter: Meter;
  readonly peer: PeerSettings;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readFrontOptions(options: WebSocketFrontOptions<unknown, unknown, object>): FrontSettings {
  const { name = "websocket", path = "/", upgrade, origins = "same-host", meter = noopMeter } = options;
  const { upgradeTimeoutMs = 10_000, maxConnections = 10_000, maxPayloadBytes = 1_048_576, heartbeatMs = 30_000 } = options;
  if (typeof name !== "string") throw new TypeError(`name must be a string, got ${typeof name}`);
  if (typeof path !== "string" || !/^\/[^?#]*$/.test(path)) throw new TypeError(`path must begin with / and have no query, got ${path}`);
  if (upgrade !== undefined) checkFunction("upgrade", upgrade);
  return {
    name,
    path,
    upgrade,
    upgradeTimeoutMs: checkNumber("upgradeTimeoutMs", upgradeTimeoutMs, { min: 1 }),
    allows: readOrigins(origins),
    maxConnections: checkNumber("maxConnections", maxConnections, { min: 1, integer: true }),
    // ws takes 0 for no limit, and counts in 31 bits
    maxPayloadBytes: checkNumber("maxPayloadBytes", maxPayloadBytes, { min: 1, max: 2 ** 31 - 1, integer: true }),
    heartbeatMs: checkNumber("heartbeatMs", heartbeatMs, { min: 1 }),
    meter,
    peer: readPeerOptions(options),
  };
}

function readPeerOptions(options: WebSocketFrontOptions<unknown, unknown, object>): PeerSettings {
  const { decode, encode, priorityOf, maxInFlight = 100, whenFull = "pause", retryAfterMs = 1_000 } = options;
  const { highWaterBytes = 1_048_576, maxBufferedBytes = Math.max(16_777_216, highWaterBytes), stalledTimeoutMs = 30_000, closeTimeoutMs = 1_000 } = options;
  for (const [option, value] of Object.entries({ decode, encode, priorityOf })) if (value !== undefined) checkFunction(option, value);
  if (!["pause", "refuse"].includes(whenFull)) throw new RangeError(`whenFull must be "pause" or "refuse", got ${whenFull}`);
  checkNumber("highWaterBytes", highWaterBytes, { min: 1 });
  return {
    decode,
    encode,
    priorityOf,
    maxInFlight: checkNumber("maxInFlight", maxInFlight, { min: 1, integer: true }),
    refuses: whenFull === "refuse",
    retryAfterMs: checkNumber("retryAfterMs", retryAfterMs, { max: Number.MAX_VALUE }),
    highWaterBytes,
    maxBufferedBytes: checkNumber("maxBufferedBytes", maxBufferedBytes, { min: highWaterBytes }),
    stalledTimeoutMs: checkNumber("stalledTimeoutMs", stalledTimeoutMs, { min: 1 }),
    closeTimeoutMs: checkNumber("closeTimeoutMs", closeTimeoutMs),
  };
}
