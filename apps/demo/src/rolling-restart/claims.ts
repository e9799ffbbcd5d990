import type { Claim } from "../claim.ts";
import type { RollingRestartReport } from "./run-rolling-restart.ts";

/** What must be so when every process has been replaced. */
export function judge({ processes, restarts, http, messages }: Omit<RollingRestartReport, "claims" | "areKept">): Claim[] {
  const failed = http.refused + http.broken;
  const unheard = messages.sent - messages.acknowledged;
  const forced = restarts.filter(({ exit: { code, forced } }) => code !== 0 || forced?.length !== 0);
  const reasons = Object.entries(messages.failed).map(([reason, count]) => `${reason} ${count}`);
  return [
    {
      claim: "every process was restarted, having answered all that it had",
      isKept: restarts.length === processes && forced.length === 0,
      detail: restarts.map(({ process, exit: { code, signal, forced = [] } }) => [`${process} ${signal ?? `exit ${code}`}`, ...forced].join(", ")).join("; "),
    },
    { claim: "0 failed requests", isKept: failed === 0 && http.requests > 0, detail: `${http.requests} answered, ${http.refused} refused, ${http.broken} broken` },
    { claim: "0 failed messages", isKept: unheard === 0 && messages.sent > 0, detail: [`${messages.acknowledged} of ${messages.sent} acknowledged`, ...reasons].join(", ") },
    { claim: "0 lost acknowledged messages", isKept: messages.lost === 0, detail: `${messages.acknowledged - messages.lost} of ${messages.acknowledged} are in the database` },
  ];
}
