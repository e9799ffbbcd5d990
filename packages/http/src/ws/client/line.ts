import type { Timer } from "@breakwater/core";
import { Connection, type ConnectionOwner, type Disconnection } from "./connection.ts";
import { Dialing, type DialingOwner } from "./dialing.ts";
import { Reconnects } from "./reconnects.ts";
import type { SocketState } from "./socket-events.ts";
import type { CheckedCloseOptions, FreshConnection, SocketAddress, SocketSettings } from "./socket-options.ts";

export interface LineOwner {
  /** What `onOpen` is given. */
  fresh(connection: Connection): FreshConnection;
  opened(connects: number): void;
  heard(connection: Connection, data: unknown): void;
  /** A connection has ended, or did not come about. */
  lost(how: Disconnection): void;
  waited(attempt: number, delayMs: number): void;
  /** Nothing connects again. */
  over(how: Disconnection): void;
}

/**
 * One connection after the other, and at most one at a time.
 *
 *     idle -> connecting -> open -> waiting -> connecting -> ...      from anywhere -> closed
 *
 * It ends when its owner says so, by a close code after which nobody connects again, or when too many attempts have failed.
 */
export class Line {
  readonly #address: SocketAddress;
  readonly #settings: SocketSettings;
  readonly #owner: LineOwner;
  readonly #reconnects: Reconnects;
  #state: SocketState = "idle";
  #dialing: Dialing | undefined = undefined;
  #connection: Connection | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #goodbye: CheckedCloseOptions | undefined = undefined;
  #openedAt = Infinity;
  #connects = 0;

  constructor(address: SocketAddress, settings: SocketSettings, owner: LineOwner) {
    this.#address = address;
    this.#settings = settings;
    this.#owner = owner;
    this.#reconnects = new Reconnects(settings);
  }

  get state(): SocketState {
    return this.#state;
  }

  get connects(): number {
    return this.#connects;
  }

  /** The connection while it is open. */
  get open(): Connection | undefined {
    return this.#state === "open" ? this.#connection : undefined;
  }

  /** The one that there is, open or about to be. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  start(): void {
    if (this.#state === "idle") this.#dial();
  }

  /** Says goodbye where there is somebody to say it to, and ends. */
  end(goodbye: CheckedCloseOptions): void {
    if (this.#goodbye !== undefined || this.#state === "closed") return;
    this.#goodbye = goodbye;
    this.#timer?.cancel();
    this.#dialing?.cancel();
    const { code, reason, goodbyeMs } = goodbye;
    if (this.#connection === undefined) this.#over({ code, reason, cause: undefined });
    else if (this.#state === "open") this.#connection.close(code, reason, goodbyeMs);
    else this.#connection.cut(reason);
  }

  #dial(): void {
    this.#state = "connecting";
    this.#dialing = new Dialing(this.#address, this.#settings, this.#dialingOwner);
    this.#dialing.start();
  }

  readonly #dialingOwner: DialingOwner = {
    dialed: (socket, leftMs) => {
      this.#dialing = undefined;
      const { clock, heartbeat } = this.#settings;
      this.#connection = new Connection(socket, this.#connectionOwner, { clock, heartbeat, connectTimeoutMs: leftMs });
    },
    notDialed: (cause) => {
      this.#dialing = undefined;
      this.#lost({ code: 1006, reason: "", cause });
    },
  };

  readonly #connectionOwner: ConnectionOwner = {
    connected: (connection) => void this.#introduce(connection),
    heard: (connection, data) => this.#owner.heard(connection, data),
    lost: (connection, how) => {
      this.#connection = undefined;
      this.#lost(how, connection.isLeaving);
    },
  };

  async #introduce(connection: Connection): Promise<void> {
    const { onOpen, clock } = this.#settings;
    try {
      if (onOpen !== undefined) await onOpen(this.#owner.fresh(connection));
    } catch (error) {
      connection.cut("onOpen failed", error);
      return;
    }
    if (!connection.isReady) return; // its end follows, or was
    connection.establish();
    this.#state = "open";
    this.#openedAt = clock.now();
    this.#connects += 1;
    this.#owner.opened(this.#connects);
  }

  #lost(how: Disconnection, wasLeaving = false): void {
    const wasOpen = this.#state === "open";
    if (wasOpen && this.#settings.clock.now() - this.#openedAt >= this.#settings.stableMs) this.#reconnects.reset();
    this.#state = "waiting";
    this.#owner.lost(how);
    if (this.#isOver()) return;
    const { code, reason, cause } = how;
    if (this.#goodbye !== undefined) this.#over(wasOpen ? how : { code: this.#goodbye.code, reason: this.#goodbye.reason, cause: undefined });
    else if (!wasLeaving && this.#settings.isFinal(code, reason, cause)) this.#over(how);
    else this.#wait(how);
  }

  /** Asked anew each time: listeners may end it. */
  #isOver(): boolean {
    return this.#state === "closed";
  }

  #wait(how: Disconnection): void {
    let delayMs: number | undefined;
    try {
      delayMs = this.#reconnects.next();
    } catch (error) {
      this.#over({ ...how, cause: error });
      return;
    }
    if (delayMs === undefined) {
      this.#over(how);
      return;
    }
    this.#timer = this.#settings.clock.setTimer(() => this.#dial(), delayMs);
    this.#owner.waited(this.#reconnects.failures, delayMs);
  }

  #over(how: Disconnection): void {
    this.#state = "closed";
    this.#owner.over(how);
  }
}
