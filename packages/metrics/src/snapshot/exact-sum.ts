/**
 * Sums that depend on no order, and why that matters here.
 *
 * Adding doubles rounds, and in another order it rounds otherwise. A scraper takes any fall of a counter, be it in the
 * last digit, for a restart of the process, and counts all of its value again. A total over workers must therefore not
 * depend on who answered first, or on whether a worker's share has meanwhile been put by with those of the dead.
 *
 * So the sum is kept exactly, as doubles that do not overlap and get larger (Shewchuk 1997, as in Python's `fsum`), and
 * rounded once when it is read. Rounding once is the same for every order, and never makes a larger sum smaller. What it
 * left out is handed on as `rest`, so that a merged sum can be merged again without loss.
 *
 * Rejected: adding in one fixed order (workers come and go), and compensated adding (less wrong, still by order).
 */
export class ExactSum {
  // Increasing in size, no two overlap; empty for zero.
  #parts: number[] = [];
  // Infinities and NaN, which have no digits to keep.
  #special = 0;

  add(value: number): void {
    if (!Number.isFinite(value)) {
      this.#special += value;
      return;
    }
    let carried = value;
    let kept = 0;
    for (const part of this.#parts) {
      const [larger, smaller] = Math.abs(carried) < Math.abs(part) ? [part, carried] : [carried, part];
      const sum = larger + smaller;
      const lost = smaller - (sum - larger);
      if (lost !== 0) this.#parts[kept++] = lost;
      carried = sum;
    }
    this.#parts.length = Number.isFinite(carried) ? kept : 0;
    if (!Number.isFinite(carried)) this.#special += carried; // beyond the largest double
    else if (carried !== 0) this.#parts.push(carried);
  }

  /** The double next to the exact sum. */
  get value(): number {
    return this.#special === 0 ? rounded(this.#parts) : this.#special;
  }

  /** What rounding left out, the largest part first; the same for every order. Undefined when that is nothing. */
  get rest(): readonly number[] | undefined {
    if (this.#parts.length < 2 || this.#special !== 0) return undefined;
    const left = new ExactSum();
    for (const part of this.#parts) left.add(part);
    const rest: number[] = [];
    for (let next = left.value; next !== 0; next = left.value) {
      rest.push(next);
      left.add(-next);
    }
    return rest.length > 1 ? rest.slice(1) : undefined;
  }
}

// From the largest part down until one does not fit in any more. Half a last digit rounds to even, unless what follows
// says on which side of the half the sum is.
function rounded(parts: readonly number[]): number {
  let index = parts.length - 1;
  let sum = parts[index] ?? 0;
  let lost = 0;
  while (index > 0 && lost === 0) {
    const larger = sum;
    const part = parts[--index] ?? 0;
    sum = larger + part;
    lost = part - (sum - larger);
  }
  const next = parts[index - 1] ?? 0;
  const doubled = lost * 2;
  const isHalf = (lost < 0 && next < 0) || (lost > 0 && next > 0);
  return isHalf && sum + doubled - sum === doubled ? sum + doubled : sum;
}
