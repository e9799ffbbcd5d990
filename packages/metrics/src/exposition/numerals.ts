/**
 * Numbers as text. Go reads what JavaScript writes, but for the infinities, and so both formats take that for values.
 *
 * The value of an `le` label is text, and part of a series' identity: `1` and `1.0` are two series. Text 0.0.4 leaves the
 * choice open. OpenMetrics fixes it: the shortest digits that say the number, as Go's `%g` writes them, with `.0` behind a
 * whole one: `1.0`, `0.005`, `1e-05`, `1e+06`. Rules: OpenMetrics 1.0.0, "Considerations: Canonical Numbers".
 */
export function numeral(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

// Go turns to an exponent below 10^-4 and from 10^6 on; JavaScript below 10^-6 and from 10^21 on.
const leastPlain = -4;
const mostPlain = 5;

/** A number as OpenMetrics wants it in a label. */
export function canonicalNumeral(value: number): string {
  if (!Number.isFinite(value)) return numeral(value);
  const [digits = "", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < leastPlain || exponent > mostPlain) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const plain = Object.is(value, -0) ? "-0" : String(value);
  return plain.includes(".") ? plain : `${plain}.0`;
}
