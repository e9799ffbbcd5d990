import { Pool } from "@breakwater/pool";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type Dependencies, type DependencyOptions } from "./dependencies.ts";
import { apiMs, databaseMs } from "./workload.ts";

/** The faithful test: both dependencies are timers. Connections are numbers, but they go through the real pool. */
export function simulated({ workers, failing, meter }: DependencyOptions): Dependencies {
  let made = 0;
  const pool = new Pool<number>({ name: "database", max: workers, meter, create: () => ++made });
  return {
    description: "timers",
    resources: [{ name: "database", stop: () => pool.close() }],
    query: (request, call) =>
      pool.use(async () => {
        await sleep(databaseMs);
        return request.data;
      }, call),
    callApi: async (request) => {
      await sleep(apiMs);
      if (failing.has(request.id)) throw new ApiError("the external API failed, as it was asked to");
      return { data: "external_api_result" };
    },
    connections: () => ({ made: pool.stats.created, reused: pool.stats.reused }),
  };
}
