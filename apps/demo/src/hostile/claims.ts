import type { Claim } from "../claim.ts";
import { listOf } from "../outages/claims.ts";
import type { Attack } from "./attacks/attack.ts";
import { limits } from "./limits.ts";
import type { AttackReport, HostileReport } from "./run-hostile.ts";
import type { Told } from "./told.ts";

/** How much of its throughput normal traffic must keep. */
const keptShare = 0.9;
/** By how much memory may grow while an attack goes on, and what may be left of it. */
const mostRss = 256 * 2 ** 20;
const mostHeapLeft = 32 * 2 ** 20;

/** What must be so whatever is sent. */
export function judge(report: Omit<HostileReport, "claims" | "areKept">, attacks: readonly Attack[]): Claim[] {
  const each = report.attacks.flatMap((attack) => {
    const { expected = {} } = attacks.find(({ name }) => name === attack.attack) ?? {};
    const claims = [kept(attack), bounded(attack), left(attack), rightlyTold(attack, expected)];
    return claims.map(({ claim, ...rest }) => ({ claim: `${attack.attack}: ${claim}`, ...rest }));
  });
  return [...each, ...(report.attacks.some(({ attack }) => attack === "keys") ? [fewKeys(report)] : []), noMishap(report)];
}

function kept({ share, traffic: { sent, inTime, missed } }: AttackReport): Claim {
  const others = Object.keys(missed).length === 0 ? "" : `; ${listOf(missed)}`;
  return { claim: "normal traffic kept 90 % of its throughput", isKept: share >= keptShare, detail: `${inTime} of ${sent}, ${percent(share)} of before${others}` };
}

function bounded({ memory: { before, highest } }: AttackReport): Claim {
  const grown = highest.rss - before.rss;
  return { claim: `memory grew by at most ${megabytes(mostRss)}`, isKept: grown <= mostRss, detail: `by ${megabytes(Math.max(0, grown))}` };
}

function left({ memory: { before, after }, connectionsLeft }: AttackReport): Claim {
  const held = after.heap - before.heap;
  return {
    claim: "nothing is left of it",
    isKept: held <= mostHeapLeft && connectionsLeft === 0,
    detail: `${connectionsLeft} connections, ${megabytes(Math.max(0, held))} of heap`,
  };
}

function rightlyTold({ told }: AttackReport, expected: Attack["expected"]): Claim {
  const wrong = Object.entries(expected).flatMap(([kind, { must, may = [] }]) => {
    const heard = Object.keys(told[kind] ?? {});
    const missing = must.some((telling) => heard.includes(telling)) ? [] : [`${kind}: nobody heard ${must.join(" or ")}`];
    return [...missing, ...heard.filter((telling) => ![...must, ...may].includes(telling)).map((telling) => `${kind}: ${telling}`)];
  });
  return { claim: "each attacker was told what it should be", isKept: wrong.length === 0, detail: wrong.length === 0 ? `${times(told)} times` : wrong.join("; ") };
}

function fewKeys({ server: { keys }, keys: sent }: Omit<HostileReport, "claims" | "areKept">): Claim {
  const most = Math.max(...Object.values(keys));
  return { claim: `of ${sent} keys at most ${limits.maxKeys} are remembered`, isKept: most <= limits.maxKeys, detail: listOf(keys) };
}

/** That metrics warn of an attribute with too many values is their duty. */
function noMishap({ server: { mishaps } }: Omit<HostileReport, "claims" | "areKept">): Claim {
  const unexpected = mishaps.filter((mishap) => !mishap.includes("otel.metric.overflow"));
  const [first] = unexpected;
  return { claim: "nothing came that the server did not expect", isKept: first === undefined, detail: first ?? "no error, no warning" };
}

function times(told: Told): number {
  return Object.values(told).reduce((sum, counts) => sum + Object.values(counts).reduce((all, count) => all + count, 0), 0);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MB`;
}
