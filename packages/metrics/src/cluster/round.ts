/**
 * One collection: every worker that was asked, and what it said. It is over when nobody is left to wait for, because
 * they answered, went away, or were given up. What comes with another round's number comes too late and is no part of it.
 */
export class Round<Member> {
  readonly id: number;
  readonly done: Promise<void>;
  readonly #answers = new Map<Member, string>();
  readonly #pending: Set<Member>;
  #resolve: () => void = () => undefined;

  constructor(id: number, members: Iterable<Member>) {
    this.id = id;
    this.#pending = new Set(members);
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    this.#settle();
  }

  answer(member: Member, id: number, text: string): void {
    if (id !== this.id || !this.#pending.has(member)) return;
    this.#answers.set(member, text);
    this.drop(member);
  }

  /** Nothing will come from this one. */
  drop(member: Member): void {
    this.#pending.delete(member);
    this.#settle();
  }

  giveUp(): void {
    this.#pending.clear();
    this.#settle();
  }

  /** Undefined for a member that was silent. */
  answerOf(member: Member): string | undefined {
    return this.#answers.get(member);
  }

  #settle(): void {
    if (this.#pending.size === 0) this.#resolve();
  }
}
