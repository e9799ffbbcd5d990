import type { SocketClient } from "../network/socket-client.ts";
import { fateOf } from "../network/fate.ts";
import { validToken } from "../workload.ts";

/** What the WebSocket clients saw. */
export interface MessageLoadReport {
  readonly sent: number;
  /** By id: the service has said that it has it. */
  readonly acknowledged: ReadonlySet<number>;
  /** Never acknowledged, by reason. */
  readonly failed: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

/** Clients that send a message over WebSocket, wait until it is acknowledged, and send the next. */
export class MessageLoad {
  readonly #socket: SocketClient;
  readonly #acknowledged = new Set<number>();
  readonly #failed = new Map<string, number>();
  readonly #senders: readonly Promise<void>[];
  #sent = 0;
  #slowestMs = 0;
  #isOver = false;

  constructor(socket: SocketClient, senders: number) {
    this.#socket = socket;
    this.#senders = Array.from({ length: senders }, () => this.#send());
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Nobody sends any more; resolves when everybody has heard. */
  async stop(): Promise<MessageLoadReport> {
    this.#isOver = true;
    await Promise.all(this.#senders);
    return { sent: this.#sent, acknowledged: this.#acknowledged, failed: Object.fromEntries(this.#failed), slowestMs: this.#slowestMs };
  }

  async #send(): Promise<void> {
    while (!this.#isOver) {
      this.#sent += 1;
      const id = this.#sent;
      const sentAt = performance.now();
      try {
        await this.#socket.note({ id, token: validToken });
        this.#acknowledged.add(id);
      } catch (error) {
        const fate = fateOf(error);
        const reason = fate.kind === "answered" ? "" : fate.reason;
        this.#failed.set(reason, (this.#failed.get(reason) ?? 0) + 1);
      }
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - sentAt);
    }
  }
}
