import { StatusError } from "./status-error.ts";

/** The answer where nothing is served. */
export function refusePath(): StatusError {
  return new StatusError(404, "nothing is served under this path", { reason: "path" });
}

/** The answer to a method that the path does not have. */
export function refuseMethod(allow: string): StatusError {
  return new StatusError(405, "the method is not served under this path", { reason: "method", headers: { allow } });
}

/** The answer to an `Expect` of anything but a 100. */
export function refuseExpectation(): StatusError {
  return new StatusError(417, "nothing but 100-continue can be expected", { reason: "expectation" });
}
