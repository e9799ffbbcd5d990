import type { EjectionRule } from "./ejection/ejector.ts";
import type { Endpoint } from "./endpoint.ts";
import type { NoEndpointError } from "./errors.ts";

export interface BalancerEvents<T> {
  /** An update brought it. */
  readonly added: { readonly endpoint: Endpoint<T> };
  /** An update no longer names it: no new calls go there. */
  readonly removed: { readonly endpoint: Endpoint<T> };
  /** It was removed, and the last of its calls has ended: it can be closed. */
  readonly drained: { readonly endpoint: Endpoint<T> };
  /** It is left out, for so long. */
  readonly ejected: { readonly endpoint: Endpoint<T>; readonly rule: EjectionRule; readonly ejectMs: number };
  /** It is in again. With the first caller after its time. */
  readonly returned: { readonly endpoint: Endpoint<T> };
  /** So few are available that all are used, the ejected ones as well. */
  readonly panicked: { readonly available: number; readonly total: number };
  /** Enough are available again. */
  readonly calmed: { readonly available: number; readonly total: number };
  /** There was no endpoint. */
  readonly rejected: { readonly error: NoEndpointError };
}
