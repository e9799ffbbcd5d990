/** Colours for a terminal; plain text elsewhere, and where NO_COLOR is set. */
const isColoured = process.stdout.isTTY && (process.env.NO_COLOR ?? "") === "";
const paint =
  (code: number) =>
  (text: string): string =>
    isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold: (text: string) => string = paint(1);
export const dim: (text: string) => string = paint(2);
export const red: (text: string) => string = paint(31);
export const green: (text: string) => string = paint(32);
export const yellow: (text: string) => string = paint(33);

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;
export const milliseconds = (ms: number): string => (Number.isNaN(ms) ? "-" : ms.toFixed(1));
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Counts as a row of bars, one per slice of time, the tallest for the fullest slice. */
export function sparkline(moments: readonly number[], untilMs: number, slices: number): string {
  const counts = new Array<number>(slices).fill(0);
  for (const moment of moments) {
    const slice = Math.min(slices - 1, Math.floor((moment / untilMs) * slices));
    counts[slice] = (counts[slice] ?? 0) + 1;
  }
  const most = Math.max(...counts, 1);
  const bars = " ▁▂▃▄▅▆▇█";
  return counts.map((count) => bars[Math.ceil((count / most) * (bars.length - 1))] ?? " ").join("");
}
