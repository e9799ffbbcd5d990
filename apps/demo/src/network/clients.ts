import { Balancer } from "@breakwater/balancer";
import { HttpClient, type ClientOptions } from "./http-client.ts";
import type { Order, OrderAnswer, ProductAnswer, ProductQuestion } from "./operations.ts";
import { SocketClient, type Address } from "./socket-client.ts";

/** How a request goes out. */
export type Way = "http" | "socket";
export const ways: readonly Way[] = ["http", "socket"];

/** The side of those who ask: HTTP and WebSocket, each behind a balancer over the same processes. */
export class Clients {
  // What a process refuses, it refuses for what all of them share. Whoever is left out for that is missing, and hears of nobody that
  // things are well again. One that is gone or slow is chosen less all the same.
  readonly balancer = new Balancer<string>({ name: "http", ejection: false });
  readonly http: HttpClient;
  readonly socket: SocketClient;

  constructor(options: ClientOptions) {
    this.http = new HttpClient(this.balancer, options);
    this.socket = new SocketClient(options);
  }

  /** These are the processes from now on; those that stay keep what is known of them. */
  update(addresses: readonly Address[]): void {
    this.balancer.update(addresses.map(({ name, url }) => ({ key: name, value: url })));
    this.socket.update(addresses);
  }

  order(way: Way, order: Order): Promise<OrderAnswer> {
    return this[way].order(order);
  }

  product(way: Way, question: ProductQuestion): Promise<ProductAnswer> {
    return this[way].product(question);
  }

  close(): Promise<void> {
    return this.socket.close();
  }
}
