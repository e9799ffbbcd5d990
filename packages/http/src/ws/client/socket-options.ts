import { checkFunction, checkNumber, systemClock, warn, type Call, type Clock } from "@breakwater/core";
import { exponential, type Backoff, type DelayOf } from "@breakwater/retry";
import type { SocketConstructor, SocketData } from "./socket-like.ts";

/** Where to connect to. A function is asked before each connection, e.g. for a token that has not expired. */
export type SocketAddress = string | URL | (() => string | URL | Promise<string | URL>);

export interface HeartbeatOptions {
  /** After so long without a sign of life the server is asked for one, in ms from 1. Default 30,000. */
  readonly intervalMs?: number | undefined;
  /** How long it has for that, in ms from 1. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** What is sent. Default a ping; where the WebSocket can send none, as in browsers, there is no heartbeat without a message. */
  readonly message?: string | undefined;
}

/** What can be sent before anything that waits. */
export interface FreshConnection {
  /** Sends at once. */
  send(data: SocketData): void;
  /** The same with a request, e.g. for a session. It is never sent again: on the next connection all this is done anew. */
  request(input: unknown, call?: Call): Promise<unknown>;
}

export interface ResilientSocketOptions {
  /** Stands in errors. */
  readonly name?: string | undefined;
  readonly protocols?: string | readonly string[] | undefined;
  /** What connects. Default `ws` under Node, else the platform's own. */
  readonly WebSocket?: SocketConstructor | undefined;
  /** Called on each connection before what waits is sent; that waits until it has settled. When it fails, so has the connection. */
  readonly onOpen?: ((connection: FreshConnection) => void | PromiseLike<void>) | undefined;
  /** How long to wait before each attempt to connect again. Default {@link exponential}({ initialMs: 500 }). */
  readonly backoff?: Backoff | DelayOf | undefined;
  /** So many attempts to connect may fail in a row: a whole number from 1. Default Infinity. */
  readonly attempts?: number | undefined;
  /** A connection that lasted so long was a good one, after which attempts and backoff begin afresh, in ms from 0. Default 5,000. */
  readonly stableMs?: number | undefined;
  /** How long connecting may take, the address and `onOpen` included, in ms from 1. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** After which close codes it does not connect again. Default 1000, 1002, 1003, 1007, 1008, 1010 and 4000 to 4999. */
  readonly isFinal?: ((code: number, reason: string, cause: unknown) => boolean) | undefined;
  /** How many messages may wait for a connection: a whole number from 0. Default 1,000. */
  readonly queueLimit?: number | undefined;
  /** When so many wait: `refuse` the newcomer, the default, or drop the `oldest`. */
  readonly overflow?: "refuse" | "drop-oldest" | undefined;
  /** With more in the connection's own buffer messages wait, in bytes from 1. Default 1 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** How long a request may take, waits and reconnects included, in ms from 1. Default 30,000; a call's deadline can only shorten it. */
  readonly requestTimeoutMs?: number | undefined;
  /** How often an idempotent request may be sent in all: a whole number from 1. Default 3. */
  readonly maxSends?: number | undefined;
  /** False for none. */
  readonly heartbeat?: HeartbeatOptions | false | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

export interface HeartbeatSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly message: string | undefined;
}

export interface RequestOptions {
  /** Whether doing it twice is the same as once, so that it may be sent again after its connection was lost. Default false. */
  readonly isIdempotent?: boolean | undefined;
}

export interface CloseOptions {
  /** What is said. Default 1000 and nothing. */
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  /** How long what waits may still be sent, and requests answered, over a new connection if need be; in ms from 0. Default 1,000. */
  readonly graceMs?: number | undefined;
  /** After that, how long the goodbye may take, in ms from 0. Default 1,000. */
  readonly goodbyeMs?: number | undefined;
}

export type CheckedCloseOptions = { readonly [Name in keyof CloseOptions]-?: NonNullable<CloseOptions[Name]> };

/** @throws TypeError or RangeError naming the option and the value. */
export function checkCloseOptions({ code = 1000, reason = "", graceMs = 1_000, goodbyeMs = 1_000 }: CloseOptions): CheckedCloseOptions {
  if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) throw new RangeError(`code must be 1000, or from 3000 to 4999, got ${code}`);
  if (typeof reason !== "string") throw new TypeError(`reason must be a string, got ${typeof reason}`);
  if (new TextEncoder().encode(reason).length > 123) throw new RangeError("reason must have no more than 123 bytes");
  return { code, reason, graceMs: checkNumber("graceMs", graceMs), goodbyeMs: checkNumber("goodbyeMs", goodbyeMs) };
}

/** The options, complete, checked, and independent of the object that was given. */
export interface SocketSettings {
  readonly name: string | undefined;
  readonly protocols: string | string[] | undefined;
  readonly WebSocket: SocketConstructor | undefined;
  readonly onOpen: ((connection: FreshConnection) => void | PromiseLike<void>) | undefined;
  readonly backoff: Backoff;
  readonly attempts: number;
  readonly stableMs: number;
  readonly connectTimeoutMs: number;
  readonly isFinal: (code: number, reason: string, cause: unknown) => boolean;
  readonly queueLimit: number;
  readonly dropsOldest: boolean;
  readonly maxBufferedBytes: number;
  readonly requestTimeoutMs: number;
  readonly maxSends: number;
  readonly heartbeat: HeartbeatSettings | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readSocketOptions(options: ResilientSocketOptions): SocketSettings {
  const { name, protocols, WebSocket: constructor, onOpen, isFinal = isFinalByDefault, overflow = "refuse" } = options;
  const { backoff = exponential({ initialMs: 500 }), heartbeat = {}, clock = systemClock, random = Math.random } = options;
  if (constructor !== undefined) checkFunction("WebSocket", constructor);
  if (onOpen !== undefined) checkFunction("onOpen", onOpen);
  checkFunction("isFinal", isFinal);
  checkFunction("random", random);
  checkOverflow(overflow);
  return {
    name,
    protocols: typeof protocols === "object" ? [...protocols] : protocols,
    WebSocket: constructor,
    onOpen,
    isFinal: (code, reason, cause) => {
      try {
        return isFinal(code, reason, cause);
      } catch (error) {
        warn(error);
        return false;
      }
    },
    dropsOldest: overflow === "drop-oldest",
    backoff: checkBackoff(backoff),
    ...readNumbers(options),
    heartbeat: heartbeat === false ? undefined : readHeartbeat(heartbeat),
    clock,
    random,
  };
}

type Numbers = "attempts" | "stableMs" | "connectTimeoutMs" | "queueLimit" | "maxBufferedBytes" | "requestTimeoutMs" | "maxSends";

function readNumbers(options: ResilientSocketOptions): Pick<SocketSettings, Numbers> {
  const { attempts = Infinity, stableMs = 5_000, connectTimeoutMs = 10_000, queueLimit = 1_000 } = options;
  const { maxBufferedBytes = 1_048_576, requestTimeoutMs = 30_000, maxSends = 3 } = options;
  return {
    attempts: checkNumber("attempts", attempts, { min: 1, integer: true }),
    stableMs: checkNumber("stableMs", stableMs),
    connectTimeoutMs: checkNumber("connectTimeoutMs", connectTimeoutMs, { min: 1 }),
    queueLimit: checkNumber("queueLimit", queueLimit, { integer: true }),
    maxBufferedBytes: checkNumber("maxBufferedBytes", maxBufferedBytes, { min: 1 }),
    requestTimeoutMs: checkNumber("requestTimeoutMs", requestTimeoutMs, { min: 1 }),
    maxSends: checkNumber("maxSends", maxSends, { min: 1, integer: true }),
  };
}

function readHeartbeat({ intervalMs = 30_000, timeoutMs = 10_000, message }: HeartbeatOptions): HeartbeatSettings {
  return {
    intervalMs: checkNumber("heartbeat.intervalMs", intervalMs, { min: 1 }),
    timeoutMs: checkNumber("heartbeat.timeoutMs", timeoutMs, { min: 1 }),
    message,
  };
}

function checkBackoff(given: Backoff | DelayOf): Backoff {
  if (typeof given === "function") return { start: () => given };
  checkFunction("backoff.start", (given as Partial<Backoff> | null)?.start); // from JavaScript anything comes
  return given;
}

function checkOverflow(overflow: unknown): void {
  if (overflow !== "refuse" && overflow !== "drop-oldest") {
    throw new RangeError(`overflow must be "refuse" or "drop-oldest", got ${String(overflow)}`);
  }
}

// The end that was meant, mistakes that would be made again, and what an application says about itself.
const finalCodes: ReadonlySet<number> = new Set([1000, 1002, 1003, 1007, 1008, 1010]);

function isFinalByDefault(code: number): boolean {
  return finalCodes.has(code) || (code >= 4000 && code <= 4999);
}

/** The addresses that are known now are checked now. @throws TypeError where it is none. */
export function checkAddress(address: SocketAddress): SocketAddress {
  if (typeof address !== "function") new URL(address);
  return address;
}
