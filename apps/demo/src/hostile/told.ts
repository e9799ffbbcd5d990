/** What attackers were told: for each kind of attack, how often which answer. */
export type Told = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Keeps count of it. */
export class Tellings {
  readonly #counts = new Map<string, Map<string, number>>();

  note(kind: string, telling: string, times = 1): void {
    const counts = this.#counts.get(kind) ?? new Map<string, number>();
    this.#counts.set(kind, counts.set(telling, (counts.get(telling) ?? 0) + times));
  }

  get told(): Told {
    return Object.fromEntries([...this.#counts].map(([kind, counts]) => [kind, Object.fromEntries(counts)]));
  }
}
