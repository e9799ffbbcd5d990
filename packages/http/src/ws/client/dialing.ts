import type { Timer } from "@breakwater/core";
import { platformSocket, type SocketLike } from "./socket-like.ts";
import type { SocketAddress, SocketSettings } from "./socket-options.ts";

export interface DialingOwner {
  /** @param leftMs - of the time for connecting */
  dialed(socket: SocketLike, leftMs: number): void;
  notDialed(cause: unknown): void;
}

/**
 * From an address to a WebSocket that connects: asks for the address, which may be a new token, and finds the constructor. It
 * ends once: a function that answers too late, or never, is not waited for.
 */
export class Dialing {
  readonly #address: SocketAddress;
  readonly #settings: SocketSettings;
  readonly #owner: DialingOwner;
  readonly #startedAt: number;
  #timer: Timer | undefined = undefined;
  #isOver = false;

  constructor(address: SocketAddress, settings: SocketSettings, owner: DialingOwner) {
    this.#address = address;
    this.#settings = settings;
    this.#owner = owner;
    this.#startedAt = settings.clock.now();
  }

  start(): void {
    const { clock, connectTimeoutMs } = this.#settings;
    this.#timer = clock.setTimer(() => this.#fail(new Error(`there was no address within ${connectTimeoutMs} ms`)), connectTimeoutMs);
    void this.#run();
  }

  cancel(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    const { WebSocket: given, protocols, clock, connectTimeoutMs } = this.#settings;
    let socket: SocketLike;
    try {
      const url = typeof this.#address === "function" ? await this.#address() : this.#address;
      const Socket = given ?? (await platformSocket());
      if (this.#isOver) return;
      socket = new Socket(String(url), protocols);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.cancel();
    this.#owner.dialed(socket, Math.max(1, connectTimeoutMs - (clock.now() - this.#startedAt)));
  }

  #fail(cause: unknown): void {
    if (this.#isOver) return;
    this.cancel();
    this.#owner.notDialed(cause);
  }
}
