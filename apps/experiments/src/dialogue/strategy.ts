/** How a client goes about it. */
export interface Strategy {
  readonly name: string;
  /** Our AIMD between client and server, or nothing. */
  readonly isLimited: boolean;
  /** `balanced`: whoever has least in progress and failed least. `pinned`: the same server until it fails. */
  readonly selection: "balanced" | "pinned";
  /** An attempt is given up after so many usual times, counts as a failure, and is sent again. */
  readonly patience: number;
  /** Sticky sessions take turns at one limiter, instead of each bringing a limit of its own. */
  readonly isFair: boolean;
  /** Whoever is told to come back later (429) waits first, rather than going straight back into the line. */
  readonly backsOff: boolean;
}

export const limited: Strategy = { name: "limiter, round robin", isLimited: true, selection: "balanced", patience: Infinity, isFair: false, backsOff: true };
export const pinned: Strategy = { ...limited, name: "limiter, pin until error", selection: "pinned" };
export const unlimited: Strategy = { ...limited, name: "unlimited", isLimited: false };
export const improved: Strategy = { ...limited, name: "ours, improved", patience: 10, isFair: true, backsOff: false };
export const strategies: readonly Strategy[] = [limited, pinned, unlimited, improved];
