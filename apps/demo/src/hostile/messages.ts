import type { HttpServerStats } from "@breakwater/http/node";
import type { WebSocketFrontStats } from "@breakwater/http/ws";
import type { Told } from "./told.ts";

/** What the server tells its parent. */
export interface ServerMessage {
  readonly type: "listening";
  readonly port: number;
  readonly adminUrl: string;
}

/** Bytes. */
export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

/** What it answers to `/state` on its admin listener. */
export interface ServerState {
  /** After a garbage collection. */
  readonly memory: Memory;
  /** Since it was asked last. */
  readonly highest: Memory;
  readonly http: HttpServerStats;
  readonly sockets: WebSocketFrontStats;
  /** WebSocket connections that it ended for what the client did, by close code, as clients that do not read never hear. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Entries of everything that has one for each key. */
  readonly keys: Readonly<Record<string, number>>;
  /** Errors that nobody expected, each of which was a 500, and warnings of the process. */
  readonly mishaps: readonly string[];
}

/** What an attacker is started with. */
export interface AttackOrder {
  readonly attack: string;
  readonly port: number;
  readonly seconds: number;
  readonly keys: number;
}

export type AttackerMessage = { readonly type: "ready" } | { readonly type: "told"; readonly told: Told };
