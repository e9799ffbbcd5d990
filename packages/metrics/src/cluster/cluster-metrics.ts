/**
 * The metrics of all workers as those of one process, for the one that is scraped.
 *
 * Who scrapes workers behind a shared port gets another worker each time, and sees counters jump up and down. So the
 * primary asks them all and merges what they say. It must not depend on any of them:
 *
 * - A worker that is silent, because it is busy, stopped or broken, costs the scrape `timeoutMs` and no more. The result is
 *   partial and says so: `breakwater_worker_up{worker="3"} 0`. What it counted until it was heard last stays in the totals.
 * - A worker that is gone leaves its counters and histograms, as it pushed them last; its gauges, which nobody has any
 *   more, and its `up` go. All who are gone are kept in one merged snapshot, however many they were.
 * - So no total ever falls, but for what a worker counted after its last push and took with it. A total that fell would be
 *   a restart to a scraper. Sums are exact until they are read (`exact-sum.ts`), so moving one from the living to the gone
 *   changes no digit.
 * - Scrapes that come while one is under way share its result, because asking costs the workers time.
 *
 * Rejected: failing the scrape with the silent worker, which loses all the others' data just when something is wrong; and
 * adding up quantiles.
 */
import { checkNumber, systemClock, warn, type Clock } from "@breakwater/core";
import cluster, { type Worker as ClusterWorker } from "node:cluster";
import { MessagePort, Worker as Thread } from "node:worker_threads";
import type { Metrics } from "../metrics.ts";
import { checkMergeOptions, mergeAll, mergeSteps, type MergeOptions, type Named } from "../snapshot/merge.ts";
import type { Steps } from "../snapshot/steps.ts";
import { takeSteps } from "../snapshot/take.ts";
import type { MetricSnapshot, Snapshot, SnapshotSource } from "../snapshot.ts";
import { PortDownlink, ProcessDownlink, ThreadDownlink, type DownlinkListener } from "./downlink.ts";
import { inSlices } from "./in-slices.ts";
import { Member } from "./member.ts";
import { unwrap, type Message } from "./messages.ts";
import { Round } from "./round.ts";

export interface ClusterMetricsOptions extends MergeOptions {
  /** How long a scrape waits for each worker, from 1. Default 1000. */
  readonly timeoutMs?: number | undefined;
  /** The primary's own metrics, merged with the others as those of the worker `primary`. Default none. */
  readonly metrics?: Metrics | undefined;
  /** Times the wait. Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

export interface AddOptions {
  /** What stands in the `worker` label. Default: `thread-` and the thread's id, or `port-` and a number. */
  readonly name?: string | undefined;
}

/**
 * Collects what the workers of this process publish with `publishMetrics`: those of `node:cluster` by themselves, threads
 * and channels when they are added. Its `snapshot` is what a scrape shows. It keeps no process alive.
 */
export class ClusterMetrics implements SnapshotSource {
  readonly #merge: MergeOptions;
  readonly #timeoutMs: number;
  readonly #own: Metrics | undefined;
  readonly #clock: Clock;
  readonly #members = new Set<Member>();
  readonly #processes = new Map<number, Member>();
  readonly #conflicts = new Set<string>();
  /** What those who are gone have counted. */
  #gone: Snapshot | undefined = undefined;
  #round: Round<Member> | undefined = undefined;
  #running: Promise<Snapshot> | undefined = undefined;
  #lastId = 0;

  /** @throws TypeError or RangeError naming the option and its value. */
  constructor(options: ClusterMetricsOptions = {}) {
    const { gauges, label = "worker", timeoutMs = 1000, metrics, clock = systemClock } = options;
    this.#merge = checkMergeOptions({ gauges, label });
    this.#timeoutMs = checkNumber("timeoutMs", timeoutMs, { min: 1 });
    this.#own = metrics;
    this.#clock = clock;
    if (cluster.isPrimary) this.#listen();
  }

  /**
   * Has a thread take part, or any program at the other end of a channel. Add a thread in the turn in which it was made:
   * what it says before is lost. Returns the function that has it no longer take part; what it counted stays.
   */
  add(source: Thread | MessagePort, options: AddOptions = {}): () => void {
    const isPort = source instanceof MessagePort;
    if (!isPort && !(source instanceof Thread)) throw new TypeError(`source must be a Worker or a MessagePort, got ${typeof source}`);
    const { name = isPort ? `port-${++ports}` : `thread-${source.threadId}` } = options;
    if (typeof name !== "string" || name === "") throw new TypeError(`name must be a text that is not empty, got ${typeof name}`);
    const member = new Member(name);
    const listener: DownlinkListener = {
      received: (message) => this.#received(member, message),
      closed: () => this.#leave(member),
    };
    this.#members.add(member);
    member.downlink = isPort ? new PortDownlink(source, listener) : new ThreadDownlink(source, listener);
    return () => this.#leave(member);
  }

  /** Everything that all workers show, merged. Never waits longer than `timeoutMs`, and never rejects for a worker's sake. */
  snapshot(): Promise<Snapshot> {
    this.#running ??= this.#collect().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Listens to nobody any more. A collection that runs ends with what there is; what was counted can still be read. */
  close(): void {
    cluster.off("fork", this.#onFork).off("message", this.#onMessage).off("disconnect", this.#onDisconnect);
    for (const member of this.#members) this.#leave(member);
  }

  #listen(): void {
    cluster.on("fork", this.#onFork).on("message", this.#onMessage).on("disconnect", this.#onDisconnect);
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker === undefined) continue;
      this.#onFork(worker);
      this.#processes.get(worker.id)?.downlink?.send({ type: "who" }); // it has said hello to nobody
    }
  }

  async #collect(): Promise<Snapshot> {
    const asked = [...this.#members].filter(({ isReady }) => isReady);
    const round = (this.#round = new Round(++this.#lastId, asked));
    for (const { downlink } of asked) downlink?.send({ type: "collect", id: round.id });
    const timer = this.#clock.setTimer(() => round.giveUp(), this.#timeoutMs);
    await round.done;
    timer.cancel();
    this.#round = undefined;
    return (await inSlices(this.#put(round), this.#clock)).result;
  }

  // Who leaves while this runs is counted among the members, as at its beginning, and not among those who are gone too.
  *#put(round: Round<Member>): Steps<Snapshot> {
    const gone = this.#gone;
    const named: Named[] = [];
    const isUp = new Map<string, boolean>();
    for (const member of [...this.#members]) {
      const text = round.answerOf(member);
      const answer = text === undefined ? undefined : member.read(text);
      const snapshot = answer ?? member.lasting();
      if (snapshot !== undefined) named.push([member.name, snapshot]);
      isUp.set(member.name, answer !== undefined && isUp.get(member.name) !== false);
      yield;
    }
    if (gone !== undefined) named.push(["gone", gone]);
    if (this.#own !== undefined) named.push(["primary", yield* takeSteps(this.#own.collection())]);
    named.push(["primary", upSnapshot(isUp, this.#merge.label ?? "worker")]);
    return yield* mergeSteps(named, this.#merge, this.#warnOfConflict);
  }

  #received(member: Member, message: Message): void {
    member.received(message);
    if (message.type === "snapshot") this.#round?.answer(member, message.id, message.text);
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    member.downlink?.close();
    const left = member.lasting();
    const all: Named[] = [this.#gone, left].flatMap((each) => (each === undefined ? [] : [[member.name, each]]));
    if (left !== undefined) this.#gone = mergeAll(all, this.#merge, this.#warnOfConflict);
    this.#round?.drop(member);
  }

  readonly #onFork = (worker: ClusterWorker): void => {
    if (this.#processes.has(worker.id)) return;
    const member = new Member(String(worker.id));
    member.downlink = new ProcessDownlink(worker);
    this.#processes.set(worker.id, member);
    this.#members.add(member);
  };

  readonly #onMessage = (worker: ClusterWorker, data: unknown): void => {
    const message = unwrap(data);
    const member = this.#processes.get(worker.id);
    if (message !== undefined && member !== undefined) this.#received(member, message);
  };

  // Not at its exit, which can be known before its last words are read.
  readonly #onDisconnect = (worker: ClusterWorker): void => {
    const member = this.#processes.get(worker.id);
    this.#processes.delete(worker.id);
    if (member !== undefined) this.#leave(member);
  };

  // A scrape must not fail because one worker has other ideas; once is enough for each.
  readonly #warnOfConflict = (error: unknown): void => {
    const text = String(error);
    if (this.#conflicts.has(text)) return;
    this.#conflicts.add(text);
    warn(error);
  };
}

let ports = 0;

/** Whether each worker answered, as a gauge among the others. */
function upSnapshot(isUp: ReadonlyMap<string, boolean>, label: string): Snapshot {
  const metric: MetricSnapshot = {
    name: "breakwater.worker.up",
    type: "gauge",
    unit: "",
    description: "Whether the worker answered this scrape.",
    series: [...isUp].map(([name, up]) => ({ attributes: { [label]: name }, reading: up ? 1 : 0 })),
  };
  const now = Date.now();
  return { version: 2, startedAtMs: now, takenAtMs: now, windowsMs: [], metrics: isUp.size === 0 ? [] : [metric] };
}
