import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "../client/answer.ts";

/** What has come of a response when it is judged. */
export interface ResponseHead extends Answer {
  readonly status: number;
  readonly statusMessage: string | undefined;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
}
