/** A number of places that several pools share, as one of them sees it. */
export interface Places {
  /** Said once, by the pool that is to be told when it can go on. */
  attach(holder: PlaceHolder): void;
  /** Takes a place, before a create. False when there is none for it now; it is told when there is. */
  take(): boolean;
  /** Gives one back, when its destroy has settled. */
  give(): void;
  /** Whether a resource that is free now has to go, for somebody else who has waited since before `sinceMs`. */
  isClaimed(sinceMs: number): boolean;
  /** How many could be had now. */
  readonly free: number;
  /** It has taken what it wants: what else was kept for it goes to the next. */
  settle(): void;
  /** It wants none any more. */
  leave(): void;
  /** A resource lies idle. */
  laidAside(): void;
}

export interface PlaceHolder {
  /** There may be a place for it. */
  changed(): void;
  /** Gives up an idle resource. False when it has none. */
  sparesOne(): boolean;
}
