import { validToken } from "../workload.ts";
import { ways, type Clients, type Way } from "../network/clients.ts";
import { fateOf, type Fate } from "../network/fate.ts";
import { productCount, type OperationName } from "../network/operations.ts";
import type { Settled } from "./tally.ts";

const tickMs = 10;

/**
 * Clients who ask so often a second, whether they are answered or not: an open loop, as the world is. Those that wait for an answer
 * before they ask again would go easy on a service that is in trouble, and hide it. Half ask over HTTP, half over WebSocket; three of
 * four want an order, the fourth a product.
 */
export class Load {
  readonly #clients: Clients;
  readonly #ratePerSecond: number;
  readonly #settled: (settled: Settled) => void;
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #sent = 0;

  constructor(clients: Clients, ratePerSecond: number, settled: (settled: Settled) => void) {
    this.#clients = clients;
    this.#ratePerSecond = ratePerSecond;
    this.#settled = settled;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Nobody asks any more; resolves when everybody has heard. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  #tick(): void {
    const due = ((performance.now() - this.#startedAt) / 1000) * this.#ratePerSecond;
    // After a pause of this process the missed ones are not caught up with all at once, which would be a burst and no rate.
    const most = this.#sent + Math.ceil((this.#ratePerSecond * tickMs * 5) / 1000);
    while (this.#sent < due && this.#sent < most) this.#send(this.#sent++);
    if (this.#sent < due) this.#startedAt += ((due - this.#sent) / this.#ratePerSecond) * 1000;
  }

  #send(id: number): void {
    const way = ways[id % ways.length] ?? "http";
    const operation: OperationName = Math.floor(id / ways.length) % 4 === 3 ? "product" : "order";
    const asked = this.#ask(way, operation, id).finally(() => this.#open.delete(asked));
    this.#open.add(asked);
  }

  async #ask(way: Way, operation: OperationName, id: number): Promise<void> {
    const askedAt = performance.now();
    const fate = await this.#fate(way, operation, id).catch(fateOf);
    this.#settled({ operation, fate, tookMs: performance.now() - askedAt });
  }

  async #fate(way: Way, operation: OperationName, id: number): Promise<Fate> {
    const product = Math.floor(id / 7) % productCount; // so that each process is asked for each
    if (operation === "product") {
      const answer = await this.#clients.product(way, { product, token: validToken });
      return verdict(answer.product === `product ${product}`);
    }
    const data = `request_${id}`;
    const answer = await this.#clients.order(way, { id, data, product, token: validToken });
    return verdict(answer.data === data && answer.product === `product ${product}`);
  }
}

/** An answer that belongs to another question would be worse than none. */
function verdict(isRight: boolean): Fate {
  return isRight ? { kind: "answered" } : { kind: "failed", reason: "a wrong answer" };
}
