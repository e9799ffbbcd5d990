export type Kind = "floor" | "ours" | "rival";

/** Does the operation that many times; what it returns is awaited. */
export type Run = (count: number) => unknown;

/** One way to do what a case measures. */
export interface Candidate {
  readonly name: string;
  readonly kind: Kind;
  /** The npm package whose version the row shows; ours and the floor have none. */
  readonly package?: string;
  /** Builds what is measured and proves that it works, outside the measured time. */
  prepare(): Run | Promise<Run>;
}

/** What several candidates do in one run, side by side. */
export interface Case {
  readonly group: string;
  readonly name: string;
  /** The floor first: the bare thing, without protection. */
  readonly candidates: readonly Candidate[];
}

/** Something of which a program holds many. */
export interface Weight {
  readonly name: string;
  readonly kind: Kind;
  readonly package?: string;
  /** How many to make. Default 100,000. */
  readonly count?: number;
  /** Makes so many, each used once, and answers what holds them. */
  make(count: number): unknown;
}

/** One line of the result. */
export interface Row {
  readonly group: string;
  readonly case: string;
  readonly name: string;
  readonly kind: Kind;
  readonly version: string;
  readonly nsPerOp: number;
  /** How many times the floor of the same case. */
  readonly vsFloor: number;
}

/** Fails loudly where a candidate does not do its work. */
export function verify(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(`a candidate does not do its work: ${what}`);
}
