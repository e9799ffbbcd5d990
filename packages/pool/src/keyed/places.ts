/** A number of places that several pools share. Each place is taken before a create, and given when the destroy has settled. */
export interface Places {
  /** False when none is left. The pool that asked is told when one is. */
  take(): boolean;
  give(): void;
  /** Whether a resource that this pool has to spare should go, for one who has waited since then or longer. */
  isClaimed(sinceMs: number): boolean;
}
