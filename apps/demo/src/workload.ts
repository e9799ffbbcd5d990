/** The two waits of every request, as the test prescribes them. */
export const databaseMs = 10;
export const apiMs = 50;

/** What a client sends. */
export interface Request {
  readonly id: number;
  readonly data: string;
  readonly token?: string | undefined;
}

/** What it gets. */
export interface Answer {
  readonly status: "success";
  readonly data: string;
  readonly external: unknown;
  readonly processedAt: string;
}

/** The token that every request of the test carries. */
export const validToken = "valid_token";

/** The time that no implementation can beat: full waves of workers, back to back. */
export function idealMs(requests: number, workers: number): number {
  return Math.ceil(requests / workers) * (databaseMs + apiMs);
}
