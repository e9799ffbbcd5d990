import type { RawData } from "ws";
import type { Problem } from "../../front/failures.ts";

/**
 * The protocol, JSON in text messages. In: a request `{ id, input, deadlineMs? }`; `{ id, cancel: true }`. Out: `{ id, output }` or
 * `{ id, error }`, once for each request that was not cancelled, in whatever order they end; `{ goaway: true }` when no more
 * requests are taken on this connection. An id is a number or a text, and free again once its answer was sent.
 */
export type FrameId = number | string;

export interface IncomingFrame {
  readonly id: FrameId;
  readonly input?: unknown;
  /** How long the caller still waits. */
  readonly deadlineMs?: number;
  readonly cancel?: true;
}

// A longer id would be kept, and sent back, for nothing.
const longestId = 128;

/** What a client did that its connection does not survive. */
export class Misdeed {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

/** @param data - a Buffer, as ws hands messages over unless told otherwise */
export function readMessage(data: RawData, isBinary: boolean): IncomingFrame | Misdeed {
  if (isBinary) return new Misdeed(1003, "messages must be text");
  let message: unknown;
  try {
    message = JSON.parse((data as Buffer).toString());
  } catch {
    return new Misdeed(1007, "the message is not valid JSON");
  }
  return isFrame(message) ? message : new Misdeed(1008, "the message is no frame");
}

const codeOfError: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
};

/** What ws itself has found, and closed the connection for. */
export function misdeedOf({ code = "", message }: Error & { readonly code?: string }): Misdeed {
  return new Misdeed(codeOfError[code] ?? 1002, message);
}

function isFrame(message: unknown): message is IncomingFrame {
  if (typeof message !== "object" || message === null || !("id" in message)) return false;
  const { id, deadlineMs, cancel } = message as { readonly id: unknown; readonly deadlineMs?: unknown; readonly cancel?: unknown }; // any object may be asked for a property
  // What is too large for a number is read as Infinity, which JSON cannot write.
  const isId = Number.isFinite(id) || (typeof id === "string" && id.length <= longestId);
  return isId && (deadlineMs === undefined || (typeof deadlineMs === "number" && deadlineMs >= 0)) && (cancel === undefined || cancel === true);
}

/** @throws what JSON.stringify throws when the output cannot be written. */
export function outputText(id: FrameId, output: unknown): string {
  // What JSON has no word for (undefined, a function) is null, as an answer must have an output.
  const text = (JSON.stringify(output) as string | undefined) ?? "null";
  return `{"id":${idText(id)},"output":${text}}`;
}

export function errorText(id: FrameId, problem: Problem): string {
  return `{"id":${idText(id)},"error":${JSON.stringify({ ...problem, type: undefined })}}`;
}

export const goawayText = '{"goaway":true}';

function idText(id: FrameId): string {
  return typeof id === "number" ? String(id) : JSON.stringify(id);
}
