import { Ask, type Terms } from "./ask.ts";
import type { AcquireOptions } from "./options.ts";
import { Permit, type PermitOwner, type Start } from "./permit.ts";

/** Somebody who waits for a permit. */
export class WaitingPermit extends Ask {
  readonly refuse: (error: unknown) => void;
  readonly #resolve: (permit: Permit) => void;
  readonly #owner: PermitOwner & { starts(): Start | undefined };

  constructor(
    owner: PermitOwner & { starts(): Start | undefined },
    terms: Terms,
    weight: number,
    options: AcquireOptions,
    resolve: (permit: Permit) => void,
    reject: (error: unknown) => void,
  ) {
    super(terms, weight, options, options);
    this.#owner = owner;
    this.#resolve = resolve;
    this.refuse = reject;
  }

  serve(): void {
    this.#resolve(new Permit(this.#owner, this.weight, this.#owner.starts()));
  }
}
