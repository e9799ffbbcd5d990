import { noopMeter, warn, type Counter, type Meter } from "@breakwater/core";

/**
 * How a call ended: `answered` below 500, `failed` from 500 on, `refused` by the front itself, `cancelled` by a frame, `gone` with its
 * connection.
 */
export type CallOutcome = "answered" | "failed" | "refused" | "cancelled" | "gone";

export interface Gauges {
  readonly connections: () => number;
  readonly inFlight: () => number;
}

/** Counts calls and connections, for `stats` and for the meter. */
export class FrontMeasures {
  readonly calls: Record<CallOutcome, number> = { answered: 0, failed: 0, refused: 0, cancelled: 0, gone: 0 };
  /** Upgrades that were refused. */
  upgradesRefused = 0;
  /** Connections that were ended for what the client did, or did not. */
  dropped = 0;
  /** Connections that were cut off without a goodbye. */
  terminated = 0;
  readonly #counters: Readonly<Record<CallOutcome, Counter>> | undefined;
  readonly #refusedUpgrades: Counter | undefined;
  readonly #droppedConnections: Counter | undefined;
  readonly #stops: readonly (() => void)[] = [];

  constructor(meter: Meter, name: string, { connections, inFlight }: Gauges) {
    if (meter === noopMeter) return;
    const counter = (outcome: CallOutcome): Counter =>
      meter.counter("breakwater.websocket.calls", {
        description: "Calls by how they ended: answered below 500, failed from 500 on, refused by the front, cancelled, gone with their connection",
        unit: "{call}",
        attributes: { name, outcome },
      });
    const attributes = { name };
    this.#counters = { answered: counter("answered"), failed: counter("failed"), refused: counter("refused"), cancelled: counter("cancelled"), gone: counter("gone") };
    this.#refusedUpgrades = meter.counter("breakwater.websocket.upgrades.refused", { description: "Upgrades that were refused", unit: "{connection}", attributes });
    this.#droppedConnections = meter.counter("breakwater.websocket.connections.dropped", {
      description: "Connections ended for what the client sent, did not take, or because it was silent",
      unit: "{connection}",
      attributes,
    });
    this.#stops = [
      meter.gauge("breakwater.websocket.connections", connections, { description: "Open connections", unit: "{connection}", attributes }),
      meter.gauge("breakwater.websocket.in_flight", inFlight, { description: "Calls in flight", unit: "{call}", attributes }),
    ];
  }

  count(outcome: CallOutcome): void {
    this.calls[outcome] += 1;
    if (this.#counters !== undefined) add(this.#counters[outcome]);
  }

  refusedUpgrade(): void {
    this.upgradesRefused += 1;
    add(this.#refusedUpgrades);
  }

  drop(): void {
    this.dropped += 1;
    add(this.#droppedConnections);
  }

  /** The gauges are read no more. */
  stop(): void {
    for (const stop of this.#stops) stop();
  }
}

// A meter that throws must not fail a call.
function add(counter: Counter | undefined): void {
  try {
    counter?.add(1);
  } catch (error) {
    warn(error);
  }
}
