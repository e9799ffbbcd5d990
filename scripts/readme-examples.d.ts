export interface Example {
  readonly readme: string;
  readonly line: number;
  readonly file: string;
  readonly code: string;
}
export function writeExamples(): Example[];
