/** What a message can be made of. */
export type SocketData = string | ArrayBuffer | Uint8Array<ArrayBuffer>;

/** A WebSocket, as browsers, Node and `ws` have it. What only `ws` has is used where it is there. */
export interface SocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: SocketData): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "error", listener: (event: object) => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  ping?(): void;
  terminate?(): void;
  on?(type: "ping" | "pong", listener: () => void): unknown;
}

export type SocketConstructor = new (url: string, protocols?: string | string[]) => SocketLike;

/** `ws` under Node, where it is installed: it can send pings. Else the platform's own. */
export async function platformSocket(): Promise<SocketConstructor> {
  if (typeof process === "object" && "node" in process.versions) {
    try {
      return (await import("ws")).WebSocket;
    } catch {
      // not installed
    }
  }
  const { WebSocket: own } = globalThis as { readonly WebSocket?: SocketConstructor }; // not every platform has one
  if (own === undefined) throw new TypeError("there is no WebSocket here: install ws, or give one as the option WebSocket");
  return own;
}

/** @throws TypeError when it is nothing that can be sent. */
export function checkData(data: unknown): void {
  if (typeof data === "string" || data instanceof Uint8Array || data instanceof ArrayBuffer) return;
  throw new TypeError(`data must be a string, an ArrayBuffer or a Uint8Array, got ${data === null ? "null" : typeof data}`);
}
