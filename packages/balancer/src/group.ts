import type { Call } from "@breakwater/core";
import { Host } from "./host.ts";
import type { Selector } from "./policies/policy.ts";

/** Endpoints among which a policy may choose. */
export class Group<T> {
  hosts: readonly Host<T>[] = [];
  readonly #selector: Selector;

  constructor(selector: Selector) {
    this.#selector = selector;
  }

  changed(hosts: readonly Host<T>[]): void {
    this.hosts = hosts;
    this.#selector.changed(hosts);
  }

  choose(call: Call, now: number): Host<T> | undefined {
    if (this.hosts.length < 2) return this.hosts[0];
    const chosen = this.#selector.choose(call, now);
    if (chosen instanceof Host) return chosen;
    throw new TypeError("a policy must choose one of the candidates that it was given");
  }
}
