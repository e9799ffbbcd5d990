import type { ResponseTimes } from "../measured.ts";
import { plainObject, type PlainObject } from "./plain.ts";

/** What the view shows of response times: those of the last window. */
export function windowsOf({ service, sojourn }: ResponseTimes): PlainObject {
  return plainObject({ service: service.window, sojourn: sojourn.window });
}
