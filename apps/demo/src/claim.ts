import { dim, green, red } from "./text.ts";

/** Something that is promised, and whether it was so. */
export interface Claim {
  readonly claim: string;
  readonly isKept: boolean;
  /** The figures by which one can tell. */
  readonly detail: string;
}

/** For people. */
export function claimLine({ claim, isKept, detail }: Claim): string {
  return `  ${isKept ? green("kept  ") : red("BROKEN")}  ${claim}   ${dim(detail)}`;
}
