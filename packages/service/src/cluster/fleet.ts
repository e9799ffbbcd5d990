import { Emitter, type Unsubscribe } from "@breakwater/core";
import { WorkersFailedError, WorkersNotRunningError } from "./errors.ts";
import { Member, type WorkerExit } from "./member.ts";
import type { FleetSettings } from "./options.ts";
import type { FleetEvents, FleetHealth, FleetStartReport, FleetState, FleetStats, FleetStopReport, RollingReport } from "./reports.ts";
import { rollOver } from "./rolling-restart.ts";
import { Slot } from "./slot.ts";
import type { Fork } from "./worker-process.ts";

/**
 * As many workers as there should be: how it works, and why.
 *
 * Each place is a slot, and a slot has a worker, or a timer for the next one. A worker that ends unasked leaves its slot empty,
 * and the plan says when it is filled again. A rolling restart puts another worker into a slot while the old one is still there,
 * so that there are never fewer than there should be. Every worker that lives stands in `#members`, in a slot or not: that is
 * what a stop has to end.
 *
 * Where the budget of restarts is spent, those that are left go on, and the next replacement waits for the budget. Only when
 * nobody is left is it over: a primary without workers would look alive to whoever started it, and serve nobody.
 */
export abstract class Fleet {
  readonly name: string;
  readonly #settings: FleetSettings;
  readonly #fork: Fork;
  readonly #slots: readonly Slot[];
  readonly #members = new Set<Member>();
  readonly #events = new Emitter<FleetEvents>();
  #state: FleetState = "new";
  #generation = 0;
  #crashes = 0;
  #isAllReady: (() => void) | undefined = undefined;
  #starting: Promise<FleetStartReport> | undefined = undefined;
  #rolling: Promise<RollingReport> | undefined = undefined;
  #stopping: Promise<FleetStopReport> | undefined = undefined;
  #settleEnded!: (report: FleetStopReport) => void;
  /** Resolves when all is over, whether somebody asked for it or nobody was left. */
  readonly ended: Promise<FleetStopReport> = new Promise<FleetStopReport>((resolve) => (this.#settleEnded = resolve));

  /** @internal */
  protected constructor(settings: FleetSettings, fork: Fork) {
    this.name = settings.name;
    this.#settings = settings;
    this.#fork = fork;
    this.#slots = Array.from({ length: settings.workers }, () => new Slot());
  }

  get state(): FleetState {
    return this.#state;
  }

  get stats(): FleetStats {
    const workers = [...this.#members].map(({ id, pid, state, generation, readyMs }) => ({ id, pid, state, generation, readyMs }));
    const ready = workers.filter(({ state }) => state === "ready").length;
    return { state: this.#state, target: this.#slots.length, ready, crashes: this.#crashes, generation: this.#generation, workers };
  }

  /** What the workers contribute to the health of their primary. */
  get health(): FleetHealth {
    const { state, ready, target } = this.stats;
    const reason = `${this.name}: ${ready} of ${target} are ready`;
    if (ready === 0 || state === "stopping" || state === "stopped") return { status: "UNHEALTHY", reason };
    return { status: ready < target ? "DEGRADED" : "HEALTHY", reason };
  }

  on<Type extends keyof FleetEvents>(type: Type, listener: (event: FleetEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /**
   * Starts all workers at the same time, and resolves when all are ready. A second call joins the first.
   *
   * Rejects with {@link WorkersFailedError} when the budget of restarts is spent and none is left, or
   * {@link WorkersNotRunningError} when a stop comes first.
   */
  start(): Promise<FleetStartReport> {
    if (this.#state === "stopping" || this.#state === "stopped") return Promise.reject(this.#notRunning());
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Replaces the workers one by one: the next one is ready before the old one is told to stop. Where it does not become ready, the
   * old ones go on, and the report says so. A second call joins the first while that runs. What ends meanwhile is replaced as
   * ever, and counts as replaced.
   *
   * Rejects with {@link WorkersNotRunningError} when they are not running.
   */
  restart(): Promise<RollingReport> {
    if (this.#state !== "running") return Promise.reject(this.#notRunning());
    this.#rolling ??= this.#roll();
    return this.#rolling;
  }

  /** Tells all workers to stop, each within `stopTimeoutMs`, for good. A second call joins the first. Never rejects. */
  stop(): Promise<FleetStopReport> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Kills all workers that there are, which ends a stop at once. Without a stop they are replaced as ever. */
  force(): void {
    for (const member of this.#members) member.kill();
  }

  async #start(): Promise<FleetStartReport> {
    const startedAt = this.#settings.clock.now();
    this.#state = "starting";
    const allReady = new Promise<undefined>((resolve) => (this.#isAllReady = () => resolve(undefined)));
    for (const slot of this.#slots) this.#fill(slot);
    const end = await Promise.race([allReady, this.ended]);
    if (end !== undefined) throw end.error ?? this.#notRunning();
    return { durationMs: this.#settings.clock.now() - startedAt, workers: this.#slots.length };
  }

  async #roll(): Promise<RollingReport> {
    this.#generation += 1;
    const report = await rollOver({
      slots: this.#slots,
      generation: this.#generation,
      clock: this.#settings.clock,
      make: () => this.#make(),
      isRunning: () => this.#state === "running",
    });
    this.#rolling = undefined;
    this.#events.emit("rolled", report);
    return report;
  }

  async #stop(error?: WorkersFailedError): Promise<FleetStopReport> {
    const startedAt = this.#settings.clock.now();
    const { ready } = this.stats;
    this.#state = "stopping";
    this.#events.emit("stopping", { ready });
    for (const slot of this.#slots) slot.clear();
    const workers = await Promise.all([...this.#members].map((member) => member.stop()));
    await this.#rolling; // its last words, and no worker comes of it any more
    this.#state = "stopped";
    const isDrained = error === undefined && workers.every((worker) => worker.isDrained);
    const report = { isDrained, ...(error !== undefined && { error }), workers, durationMs: this.#settings.clock.now() - startedAt };
    this.#settleEnded(report);
    this.#events.emit("stopped", report);
    return report;
  }

  #make(): Member {
    const { clock, readyTimeoutMs, stopTimeoutMs } = this.#settings;
    const [ready, ended] = [this.#ready, this.#ended];
    const member = new Member(this.#fork, { clock, readyTimeoutMs, stopTimeoutMs, generation: this.#generation, ready, ended });
    this.#members.add(member);
    return member;
  }

  #fill(slot: Slot): void {
    slot.put(this.#make());
  }

  readonly #ready = ({ id, pid, generation }: Member): void => {
    if (this.#state === "starting" && this.#slots.every(({ member }) => member?.state === "ready")) {
      this.#state = "running";
      this.#isAllReady?.();
    }
    this.#events.emit("ready", { id, pid, generation });
  };

  readonly #ended = (member: Member, exit: WorkerExit): void => {
    this.#members.delete(member);
    this.#events.emit("exited", exit);
    const slot = this.#slots.find((each) => each.member === member);
    if (slot === undefined || this.#state === "stopping" || this.#state === "stopped") return;
    this.#crashes += 1;
    const { clock, plan } = this.#settings;
    const { delayMs, isExhausted } = plan.next(clock.now());
    const isAnyLeft = [...this.#members].some(({ state }) => state === "ready" || state === "starting");
    if (isExhausted && !isAnyLeft) {
      this.#stopping ??= this.#stop(new WorkersFailedError(this.name, exit));
      return;
    }
    slot.wait(clock.setTimer(() => this.#fill(slot), delayMs));
    this.#events.emit("restarting", { delayMs, isExhausted });
  };

  #notRunning(): WorkersNotRunningError {
    return new WorkersNotRunningError(this.name, this.#state);
  }
}

