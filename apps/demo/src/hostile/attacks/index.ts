import type { Attack } from "./attack.ts";
import { garbage } from "./garbage.ts";
import { halfClosed } from "./half-closed.ts";
import { hugeHeaders } from "./huge-headers.ts";
import { manyKeys } from "./many-keys.ts";
import { slowloris } from "./slowloris.ts";
import { socketFlood } from "./socket-flood.ts";

/** In the order in which they come. */
export const attacks: readonly Attack[] = [slowloris, hugeHeaders, garbage, halfClosed, socketFlood, manyKeys];
