import { checkFunction, checkNumber, CoarseClock, systemClock, type Clock } from "@breakwater/core";

/**
 * How it works, and why.
 *
 * The problem: three attempts for each call are three times the load, just when the dependency can bear the least. A budget lets
 * retries, and hedges, be a share of the calls of the last while, plus a few each second so that a service with little traffic can
 * retry at all.
 *
 * The invariant, at each withdrawal that is granted, of the window `(now - windowMs, now]` that ends with it:
 *
 *     withdrawn in the window <= ratio * deposits in the window + minPerSecond * windowMs / 1000
 *
 * The idea: time is cut into 50 slots for each window, and of each slot it is kept how high the two counts stood when it began. The
 * counts only go up, so what came since a slot began is a difference, and a deposit adds one to one field.
 *
 *     slots     | k-50 | k-49 | ... | k-1 | k        <- now is somewhere in k
 *     window        (=========================]
 *     withdrawn  \_____________________________/     all that may be in the window
 *     deposits          \______________________/     only what is in it for sure
 *
 * The window begins somewhere in slot k-50, so withdrawals are counted with that slot and deposits without it: whatever is uncertain
 * is counted against the budget, which costs it up to 4 % and makes the invariant hold for the true window, not for a stepping one.
 *
 * Rejected: a token bucket, as gRPC and the AWS SDK have, whose tokens of a quiet night are all spent in one burst; a ratio of calls in
 * flight, as Envoy has, which overlooks retries that wait; asking after the wait, or asking first and charging later, by which
 * concurrent callers overshoot. `tryWithdraw` asks and charges in one step, when the retry is scheduled.
 */
const slots = 50;

export interface RetryBudgetOptions {
  /** Retries and hedges for each call: from 0 to 1. Default 0.1. */
  readonly ratio?: number | undefined;
  /** So many each second may be retried besides, however little is called: from 0; Infinity refuses nothing. Default 1. */
  readonly minPerSecond?: number | undefined;
  /** How far back it looks, in ms from 1, finite. Default 10,000. */
  readonly windowMs?: number | undefined;
  /** For people. */
  readonly name?: string | undefined;
  /** Default: the system's, read through a `CoarseClock`, so that the window may be behind by 10 ms. */
  readonly clock?: Clock | undefined;
}

/** As of now. */
export interface RetryBudgetStats {
  /** How many withdrawals would be granted now, in a row. */
  readonly balance: number;
  /** Deposits since it was made. */
  readonly requests: number;
  /** Withdrawals granted since it was made. */
  readonly withdrawn: number;
  /** Withdrawals refused since it was made. */
  readonly refused: number;
}

/** Shared by all budgets on the system's clock: one timer for all of them. */
let coarseClock: CoarseClock | undefined;

/** How many retries and hedges there may be. One may be shared by all that call the same dependency. No timer, O(1). */
export class RetryBudget {
  readonly name: string | undefined;
  readonly #clock: Clock;
  readonly #ratio: number;
  readonly #windowMs: number;
  readonly #slotMs: number;
  /** What may be withdrawn in a window without any deposit. */
  readonly #reserve: number;
  #requests = 0;
  #withdrawn = 0;
  #refused = 0;
  /** How high the counts stood when each slot began. One slot more than a window has. */
  readonly #requestsBefore: number[] = new Array<number>(slots + 1).fill(0);
  readonly #withdrawnBefore: number[] = new Array<number>(slots + 1).fill(0);
  /** Of the present slot. */
  #place = 0;
  #endsAt: number = Number.NEGATIVE_INFINITY;
  #readAt: number = Number.NEGATIVE_INFINITY;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: RetryBudgetOptions = {}) {
    const { ratio = 0.1, minPerSecond = 1, windowMs = 10_000, name, clock = systemClock } = options;
    this.#ratio = checkNumber("ratio", ratio, { max: 1 });
    this.#windowMs = checkNumber("windowMs", windowMs, { min: 1, max: Number.MAX_VALUE });
    this.#reserve = (checkNumber("minPerSecond", minPerSecond) * windowMs) / 1_000;
    checkFunction("clock.now", (clock as Partial<Clock> | null)?.now); // JavaScript callers may pass anything
    this.name = name;
    // One reading of the system's clock costs more than `await work()`.
    this.#clock = clock === systemClock ? (coarseClock ??= new CoarseClock()) : clock;
    this.#slotMs = windowMs / slots;
  }

  /** A call begins: its first attempt, not its retries. */
  deposit(): void {
    this.#advance();
    this.#requests += 1;
  }

  /** Leave for one retry or hedge, which is charged with it. Ask when it is scheduled, before any wait. */
  tryWithdraw(): boolean {
    this.#advance();
    const isGranted = this.#recentlyWithdrawn + 1 <= this.#allowance;
    if (isGranted) this.#withdrawn += 1;
    else this.#refused += 1;
    return isGranted;
  }

  get stats(): RetryBudgetStats {
    this.#advance();
    const balance = Math.max(0, Math.floor(this.#allowance - this.#recentlyWithdrawn));
    return { balance, requests: this.#requests, withdrawn: this.#withdrawn, refused: this.#refused };
  }

  /** In all slots that the window may touch. */
  get #recentlyWithdrawn(): number {
    return this.#withdrawn - (this.#withdrawnBefore[(this.#place + 1) % (slots + 1)] ?? 0);
  }

  /** What may have been withdrawn in a window, by the deposits of all slots that are wholly in it. */
  get #allowance(): number {
    return this.#ratio * (this.#requests - (this.#requestsBefore[(this.#place + 2) % (slots + 1)] ?? 0)) + this.#reserve;
  }

  #advance(): void {
    const now = this.#clock.now();
    // A clock that goes back, against its contract, stands still here until it goes on: nothing stays for longer than the window.
    if (now < this.#readAt) this.#endsAt -= this.#readAt - now;
    this.#readAt = now;
    if (now >= this.#endsAt) this.#moveOn(now);
  }

  #moveOn(now: number): void {
    if (now - this.#endsAt >= this.#windowMs) this.#startAfresh(now);
    // Bounded: where the clock's steps are longer than a slot, adding one may change nothing.
    for (let passed = 0; passed <= slots && now >= this.#endsAt; passed += 1) {
      this.#place = (this.#place + 1) % (slots + 1);
      this.#requestsBefore[this.#place] = this.#requests;
      this.#withdrawnBefore[this.#place] = this.#withdrawn;
      this.#endsAt += this.#slotMs;
    }
  }

  /** Nobody came for as long as the window: nothing is left in it, however many slots have passed. */
  #startAfresh(now: number): void {
    this.#requestsBefore.fill(this.#requests);
    this.#withdrawnBefore.fill(this.#withdrawn);
    this.#endsAt = now + this.#slotMs;
  }
}
