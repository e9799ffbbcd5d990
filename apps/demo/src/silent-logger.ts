/**
 * A pino-shaped logger that counts its lines and prints none: a thousand lines in half a second are nobody's reading, and
 * a terminal that cannot keep up would be what the test measures.
 */
export class SilentLogger {
  readonly lines: Record<"info" | "warn" | "error", number> = { info: 0, warn: 0, error: 0 };

  get count(): number {
    return this.lines.info + this.lines.warn + this.lines.error;
  }

  info(): void {
    this.lines.info += 1;
  }

  warn(): void {
    this.lines.warn += 1;
  }

  error(): void {
    this.lines.error += 1;
  }
}
