/** What a cell shows, and the numbers behind it for programs. */
export interface Cell {
  readonly text: string;
  /** By name, e.g. `{ goodPerSecond: 998, p99Ms: 52 }`. */
  readonly values: Readonly<Record<string, number>>;
}

/** One line of a table: its name, then a cell for each column. */
export interface Line {
  readonly name: string;
  readonly cells: readonly Cell[];
}

/** Something that the figures should bear out. */
export interface Claim {
  readonly claim: string;
  readonly holds: boolean;
  /** The worst figure found, in words. */
  readonly found: string;
}

/** What an experiment found, with the figures that somebody published, or that an oracle gives, beside ours. */
export interface Table {
  readonly title: string;
  /** The set-up, in words that let a reader build it again. */
  readonly setup: readonly string[];
  readonly columns: readonly string[];
  readonly lines: readonly Line[];
  readonly claims: readonly Claim[];
}

export interface RunOptions {
  /** Each seed is a run of its own; cells show medians over them, claims the worst, unless a table says otherwise. */
  readonly seeds: readonly number[];
  /** Told after each part, as a number from 0 to 1. */
  readonly progress: (ratio: number) => void;
}

export interface Experiment {
  /** What the command line calls it. */
  readonly name: string;
  /** One sentence for `--help`. */
  readonly about: string;
  run(options: RunOptions): Promise<readonly Table[]>;
}
