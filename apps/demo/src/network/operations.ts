import type { Answer, Request } from "../workload.ts";

/** An order: what a client of the performance test sends, and a product that it is about. */
export interface Order extends Request {
  readonly product: number;
  /** Whether the external API is to fail for it. */
  readonly fail?: boolean | undefined;
}

export interface OrderAnswer extends Answer {
  readonly product: string;
}

/** A question that needs no more than the cache, most of the time. */
export interface ProductQuestion {
  readonly product: number;
  readonly token?: string | undefined;
}

export interface ProductAnswer {
  readonly product: string;
}

/** A message that is kept before it is acknowledged; the same id twice is the same message. */
export interface Note {
  readonly id: number;
  readonly token?: string | undefined;
}

export interface NoteAnswer {
  readonly id: number;
}

/** How many products there are. */
export const productCount = 12;

export type OperationName = "order" | "product";

/** A call over WebSocket. */
export type SocketInput =
  | { readonly operation: "order"; readonly input: Order }
  | { readonly operation: "product"; readonly input: ProductQuestion }
  | { readonly operation: "note"; readonly input: Note };
