import type { ServerOptions } from "node:http";
import { checkNumber, noopMeter, type Meter } from "@breakwater/core";
import type { CallOptions } from "../front/call-options.ts";
import type { FailureOptions } from "../front/failures.ts";
import type { HttpRequest } from "./request.ts";

export interface HttpServerOptions extends CallOptions<HttpRequest>, FailureOptions {
  /** Stands in the reports of a stop, and in the attributes of the measurements. Default `http`. */
  readonly name?: string | undefined;
  /** For `start`. Default 0, any free one. */
  readonly port?: number | undefined;
  /** For `start`. Default `127.0.0.1`; `0.0.0.0` takes connections from everywhere. */
  readonly host?: string | undefined;
  /** A request's head must have come after this, in ms from 1; else 408. Default 10,000. */
  readonly headersTimeoutMs?: number | undefined;
  /** A whole request, body included, must have come after this, in ms from `headersTimeoutMs`; else 408. Default 30,000. */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * A connection between requests is closed after this, or up to a quarter later (200 ms, if that is more), in ms from 1. Longer than a
   * balancer in front of it keeps one. Default 65,000.
   */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** A client that takes nothing of its answer for so long is cut off, in ms from 1; of a large one nothing of 64 KiB. Default 30,000. */
  readonly stalledTimeoutMs?: number | undefined;
  /** How often the first two are looked at, in ms from 1. Default 1,000. */
  readonly checkIntervalMs?: number | undefined;
  /** A longer head gets a 431, in bytes from 1,024. Default 16,384. */
  readonly maxHeaderBytes?: number | undefined;
  /** More connections than this are closed as they come; whole, from 1. Default Infinity. */
  readonly maxConnections?: number | undefined;
  /** Where measurements go. Default: nowhere. */
  readonly meter?: Meter | undefined;
}

/** What is left of the options once `node:http` has its part. */
export interface ServerSettings {
  readonly name: string;
  readonly port: number;
  readonly host: string;
  readonly node: ServerOptions;
  readonly headersMs: number;
  readonly stalledMs: number;
  readonly keepAliveMs: number;
  readonly maxConnections: number;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readServerOptions(options: HttpServerOptions): ServerSettings {
  const { name = "http", port = 0, host = "127.0.0.1", meter = noopMeter, maxConnections = Infinity } = options;
  const { headersTimeoutMs = 10_000, stalledTimeoutMs = 30_000, keepAliveTimeoutMs = 65_000 } = options;
  if (typeof name !== "string") throw new TypeError(`name must be a string, got ${typeof name}`);
  return {
    name,
    port: checkNumber("port", port, { max: 65_535, integer: true }),
    host,
    node: nodeOptions(options, headersTimeoutMs),
    headersMs: headersTimeoutMs,
    stalledMs: checkNumber("stalledTimeoutMs", stalledTimeoutMs, { min: 1 }),
    keepAliveMs: checkNumber("keepAliveTimeoutMs", keepAliveTimeoutMs, { min: 1 }),
    maxConnections: checkNumber("maxConnections", maxConnections, { min: 1, integer: true }),
    meter,
  };
}

function nodeOptions(options: HttpServerOptions, headersTimeoutMs: number): ServerOptions {
  const { requestTimeoutMs = 30_000, checkIntervalMs = 1_000, maxHeaderBytes = 16_384 } = options;
  checkNumber("headersTimeoutMs", headersTimeoutMs, { min: 1 });
  return {
    headersTimeout: nodeMs(headersTimeoutMs),
    requestTimeout: nodeMs(checkNumber("requestTimeoutMs", requestTimeoutMs, { min: headersTimeoutMs })),
    keepAliveTimeout: 0, // see IdleSweep
    connectionsCheckingInterval: checkNumber("checkIntervalMs", checkIntervalMs, { min: 1, max: 2 ** 31 - 1 }),
    maxHeaderSize: checkNumber("maxHeaderBytes", maxHeaderBytes, { min: 1_024, max: 2 ** 31 - 1, integer: true }),
  };
}

/** Node's 0 is never; beyond its 31 bits it would be at once. */
function nodeMs(ms: number): number {
  return ms > 2 ** 31 - 1 ? 0 : Math.ceil(ms);
}
