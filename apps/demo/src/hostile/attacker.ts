/**
 * One attacker, a process of its own: it attacks for as long as it was told to, says what it was told in answer, and ends. It begins
 * when its parent sends it a message, and dies with it.
 */
import { once } from "node:events";
import { attacks } from "./attacks/index.ts";
import type { AttackerMessage, AttackOrder } from "./messages.ts";
import { Tellings } from "./told.ts";

const patienceMs = 10_000;

process.on("disconnect", () => process.exit(0));
// A terminal sends Ctrl-C to the whole group; the parent decides when this process ends.
process.on("SIGINT", () => undefined);

const tell = (message: AttackerMessage): Promise<void> => new Promise((resolve) => void process.send?.(message, undefined, undefined, () => resolve()));

await tell({ type: "ready" });
const [order] = (await once(process, "message")) as [AttackOrder]; // its parent sends nothing else
const attack = attacks.find(({ name }) => name === order.attack);
if (attack === undefined) throw new Error(`there is no attack named ${order.attack}`);
const tellings = new Tellings();
const until = performance.now() + order.seconds * 1_000;
await attack.run({ ...order, tellings, until, patientUntil: until + patienceMs });
await tell({ type: "told", told: tellings.told });
process.exit(0);
