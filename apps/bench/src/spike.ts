import { Pool } from "@breakwater/pool";
import { createPool as createGenericPool } from "generic-pool";
import { createPool as createLightningPool } from "lightning-pool";
import { Pool as TarnPool } from "tarn";
import { verify, type Kind } from "./candidate.ts";
import { versionOf } from "./versions.ts";

/**
 * HikariCP's spike test: 50 requests at once for a pool that has 5 connections and may have 50. A connect takes 150 ms, the work 2 ms.
 * Two or three more connections serve a spike as well as 45 do, which the database would have to carry from then on.
 *
 * Source: HikariCP, documents/Welcome-To-The-Jungle.md.
 */
const requests = 50;
const atFirst = 5;
const most = 50;
const connectMs = 150;
const workMs = 2;

/** What one pool made of it. */
export interface SpikeRow {
  readonly group: "pool";
  readonly case: "spike";
  readonly name: string;
  readonly kind: Kind;
  readonly version: string;
  /** Those at first included. */
  readonly connections: number;
  /** From the first request to the last answer, in ms. */
  readonly drainMs: number;
}

/** One way to do a piece of work with a connection. */
type Use = (work: () => Promise<void>) => Promise<void>;
type Connect = () => Promise<object>;

interface Contestant {
  readonly name: string;
  readonly kind: Kind;
  readonly package?: string;
  readonly make: (connect: Connect) => Use;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const destroy = (): Promise<void> => Promise.resolve();

const contestants: readonly Contestant[] = [
  {
    name: "Pool",
    kind: "ours",
    make: (create) => {
      const pool = new Pool({ create, max: most, min: atFirst });
      return (work) => pool.use(work);
    },
  },
  {
    name: "generic-pool",
    kind: "rival",
    package: "generic-pool",
    make: (create) => {
      const pool = createGenericPool({ create, destroy }, { max: most, min: atFirst });
      return async (work) => pool.use(work);
    },
  },
  {
    name: "tarn",
    kind: "rival",
    package: "tarn",
    make: (create) => {
      const pool = new TarnPool({ create, destroy, min: atFirst, max: most });
      return async (work) => {
        const connection = await pool.acquire().promise;
        await work();
        pool.release(connection);
      };
    },
  },
  {
    name: "lightning-pool",
    kind: "rival",
    package: "lightning-pool",
    make: (create) => {
      const pool = createLightningPool({ create, destroy }, { max: most, min: atFirst, validation: false });
      return async (work) => {
        const connection = await pool.acquire();
        await work();
        pool.release(connection);
      };
    },
  },
];

export async function spikeRows(): Promise<SpikeRow[]> {
  const rows: SpikeRow[] = [];
  for (const contestant of contestants) rows.push(await spike(contestant));
  return rows;
}

async function spike({ name, kind, package: of, make }: Contestant): Promise<SpikeRow> {
  let connections = 0;
  const use = make(async () => {
    connections += 1;
    await sleep(connectMs);
    return {};
  });
  // As many at once as it is to have at first, all held until all are there.
  let held = 0;
  await Promise.all(Array.from({ length: atFirst }, () => use(async () => {
    held += 1;
    while (held < atFirst) await sleep(1);
  })));
  await sleep(connectMs); // some make more than was asked for
  verify(connections === atFirst, `${name} has ${connections} connections at first`);
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: requests }, () => use(() => sleep(workMs))));
  const drainMs = performance.now() - startedAt;
  await sleep(2 * connectMs); // what was begun comes
  return { group: "pool", case: "spike", name, kind, version: versionOf(of), connections, drainMs };
}

export function spikeTable(rows: readonly SpikeRow[]): string {
  const labels = rows.map(({ name, kind, version }) => `${kind === "ours" ? "*" : " "} ${`${name} ${version}`.trim()}`);
  const width = Math.max(...labels.map(({ length }) => length));
  const lines = rows.map(({ connections, drainMs }, index) => {
    const count = String(connections).padStart(3);
    return `  ${(labels[index] ?? "").padEnd(width)}  ${count} connections  ${drainMs.toFixed(0).padStart(4)} ms to the last answer`;
  });
  return [`pool: a spike of ${requests} requests on ${atFirst} connections, at most ${most}, ${connectMs} ms a connect, ${workMs} ms of work`, ...lines].join("\n");
}
