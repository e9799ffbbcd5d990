import { countWindow, type Trip } from "@breakwater/breaker";

/** When the breaker of the external API opens: about one call in seven fails. */
export const trip: Trip = countWindow({ size: 50, failureRatio: 0.15, minimumCalls: 20 });

/**
 * How long it then leaves the API alone, in the performance test: the usual time shrunk a thousandfold, 30 ms for 30 s, because the
 * whole test takes less than a second. With --fail-rate one sees it open, probe and close.
 */
export const breakMs = 30;
