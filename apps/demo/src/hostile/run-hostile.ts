import type { Claim } from "../claim.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { interruption } from "../interruption.ts";
import { StatusLine } from "../status-line.ts";
import type { HostileArguments } from "./arguments.ts";
import type { Attack } from "./attacks/attack.ts";
import { judge } from "./claims.ts";
import type { Memory, ServerState } from "./messages.ts";
import { NormalTraffic } from "./normal-traffic.ts";
import { AttackerProcess, ServerProcess } from "./processes.ts";
import { Tally, type PhaseTraffic } from "./tally.ts";
import type { Told } from "./told.ts";

/** One attack. */
export interface AttackReport {
  readonly attack: string;
  readonly traffic: PhaseTraffic;
  /** Answered within the deadline, of all that were due, in relation to the same before the attacks. */
  readonly share: number;
  readonly memory: { readonly before: Memory; readonly highest: Memory; readonly after: Memory };
  readonly told: Told;
  /** Connections that the server ended for what was sent over a WebSocket, by close code. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Connections that were left some time after it, without those of the normal clients. */
  readonly connectionsLeft: number;
}

/** What `--json` prints. */
export interface HostileReport {
  readonly ratePerSecond: number;
  readonly deadlineMs: number;
  readonly keys: number;
  readonly calm: PhaseTraffic;
  readonly attacks: readonly AttackReport[];
  /** What the server had at the end. */
  readonly server: Pick<ServerState, "keys" | "mishaps" | "http" | "sockets">;
  readonly claims: readonly Claim[];
  readonly areKept: boolean;
}

const mostTries = 5;
const lookMs = 50;
const leaveMs = 4_000;

/** The server, those who ask it for something, and those who attack it. */
class HostileTest {
  readonly server = new ServerProcess();
  readonly attacker = new AttackerProcess();
  traffic: NormalTraffic | undefined;
  status = "starting";
  readonly #args: HostileArguments;

  constructor(args: HostileArguments) {
    this.#args = args;
  }

  /** @param signal - aborted when the whole is given up: nothing is started from then on */
  async run(signal: AbortSignal): Promise<HostileReport> {
    const { attacks, ratePerSecond, deadlineMs, keys, seconds } = this.#args;
    await this.server.start(deadlineMs);
    this.traffic = new NormalTraffic({ port: this.server.port, httpRate: ratePerSecond, socketRate: ratePerSecond / 4, deadlineMs });
    await this.traffic.start();
    this.status = "before the attacks";
    await sleep(seconds * 300, undefined, { signal }); // all processes are cold
    const calm = await this.#calm(this.traffic, signal);
    const reports: AttackReport[] = [];
    for (const attack of attacks) reports.push(await this.#attack(attack, this.traffic, calm, signal));
    const { keys: held, mishaps, http, sockets } = await this.server.state();
    const report = { ratePerSecond, deadlineMs, keys, calm, attacks: reports, server: { keys: held, mishaps, http, sockets } };
    const claims = judge(report, attacks);
    return { ...report, claims, areKept: claims.every(({ isKept }) => isKept) };
  }

  async stop(): Promise<void> {
    this.traffic?.stop();
    await Promise.all([this.attacker.stop(), this.server.stop()]);
  }

  /** Before the attacks. A machine that is too busy for its normal traffic is given another try: nothing could be held against that. */
  async #calm(normal: NormalTraffic, signal: AbortSignal): Promise<PhaseTraffic> {
    for (let tries = 1; ; tries += 1) {
      const calm = await this.#count(normal, () => sleep(this.#args.seconds * 700, undefined, { signal }));
      if (calm.inTime >= 0.98 * calm.sent || tries === mostTries) return calm;
    }
  }

  async #attack({ name }: Attack, normal: NormalTraffic, calm: PhaseTraffic, signal: AbortSignal): Promise<AttackReport> {
    const { seconds, keys } = this.#args;
    signal.throwIfAborted();
    this.status = name;
    await this.attacker.start();
    const before = await this.server.state();
    let told: Told = {};
    const traffic = await this.#count(normal, async () => {
      told = await this.attacker.attack({ attack: name, port: this.server.port, seconds, keys });
    });
    await this.attacker.stop();
    const during = await this.server.state();
    const { state: after, connectionsLeft } = await this.#quiet(normal);
    return {
      attack: name,
      traffic,
      share: traffic.inTime / traffic.sent / (calm.inTime / calm.sent),
      memory: { before: before.memory, highest: during.highest, after: after.memory },
      told,
      dropped: difference(after.dropped, before.dropped),
      connectionsLeft,
    };
  }

  async #count(normal: NormalTraffic, phase: () => Promise<unknown>): Promise<PhaseTraffic> {
    const tally = (normal.tally = new Tally());
    await phase();
    normal.tally = undefined;
    return tally.close();
  }

  /** Its state when the connections of the attackers are gone, or should be. */
  async #quiet(normal: NormalTraffic): Promise<{ readonly state: ServerState; readonly connectionsLeft: number }> {
    const until = performance.now() + leaveMs;
    for (;;) {
      const state = await this.server.state();
      const connectionsLeft = Math.max(0, state.http.connections - normal.connections);
      if (connectionsLeft === 0 || performance.now() > until) return { state, connectionsLeft };
      await sleep(lookMs);
    }
  }
}

function difference(after: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): Record<string, number> {
  const differences = Object.entries(after).map(([code, count]) => [code, count - (before[code] ?? 0)] as const);
  return Object.fromEntries(differences.filter(([, count]) => count > 0));
}

/** Starts the server and the normal traffic, attacks in every way in turn, and stops everything again, whatever happened in between. */
export async function runHostile(args: HostileArguments): Promise<HostileReport> {
  const test = new HostileTest(args);
  const interrupted = interruption();
  const status = new StatusLine(() => test.status);
  status.start();
  const over = new AbortController();
  const running = test.run(over.signal);
  running.catch(() => undefined); // it fails when it is interrupted
  try {
    return await Promise.race([running, interrupted.promise]);
  } finally {
    status.clear();
    over.abort();
    await test.stop();
    interrupted.dispose();
  }
}
