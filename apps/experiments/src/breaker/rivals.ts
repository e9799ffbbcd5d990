/** What the experiments need of a breaker. */
export interface Guarding {
  run<T>(work: () => Promise<T>): Promise<T>;
}

interface Rules {
  readonly threshold: number;
  readonly breakMs: number;
  readonly now: () => number;
}

/** Refused without asking the dependency. */
export class Refused extends Error {}

/** As many a hand-made breaker does it: after the break everybody goes, until the first result is there. */
export class EverybodyProbes implements Guarding {
  readonly #rules: Rules;
  #state: "closed" | "open" | "half-open" = "closed";
  #failures = 0;
  #openedAt = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const { now, breakMs } = this.#rules;
    if (this.#state === "open" && now() - this.#openedAt >= breakMs) this.#state = "half-open";
    if (this.#state === "open") throw new Refused();
    try {
      const value = await work();
      this.#state = "closed";
      this.#failures = 0;
      return value;
    } catch (error) {
      this.#fail();
      throw error;
    }
  }

  #fail(): void {
    this.#failures += 1;
    if (this.#state === "closed" && this.#failures < this.#rules.threshold) return;
    this.#state = "open";
    this.#openedAt = this.#rules.now();
  }
}

/** As cockatiel does it: one probe goes, the others wait for its verdict, and go all at once when it is good. */
export class SurplusWaits implements Guarding {
  readonly #rules: Rules;
  #failures = 0;
  #openedAt: number | undefined = undefined;
  #probe: Promise<boolean> | undefined = undefined;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#openedAt === undefined) return this.#call(work);
    if (this.#rules.now() - this.#openedAt < this.#rules.breakMs) throw new Refused();
    if (this.#probe === undefined) return this.#runProbe(work);
    if (await this.#probe) return this.run(work);
    throw new Refused();
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    try {
      const value = await work();
      this.#failures = 0;
      return value;
    } catch (error) {
      this.#failures += 1;
      if (this.#failures >= this.#rules.threshold) this.#openedAt ??= this.#rules.now();
      throw error;
    }
  }

  #runProbe<T>(work: () => Promise<T>): Promise<T> {
    const result = work();
    this.#probe = result.then(() => this.#judge(true), () => this.#judge(false));
    return result;
  }

  #judge(isWell: boolean): boolean {
    this.#probe = undefined;
    this.#failures = 0;
    this.#openedAt = isWell ? undefined : this.#rules.now();
    return isWell;
  }
}
