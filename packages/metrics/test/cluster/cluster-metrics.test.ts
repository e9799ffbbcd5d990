import cluster from "node:cluster";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { settled, ManualClock } from "@breakwater/core/testing";
import { Metrics, renderText, type Snapshot, type SnapshotSource } from "@breakwater/metrics";
import { ClusterMetrics, publishMetrics, type Publication, type PublishOptions } from "@breakwater/metrics/cluster";

let clock: ManualClock;
let all: ClusterMetrics;
const publications: Publication[] = [];

beforeEach(() => {
  clock = new ManualClock();
  all = new ClusterMetrics({ clock, timeoutMs: 500 });
});
afterEach(async () => {
  all.close();
  await Promise.all(publications.splice(0).map((publication) => publication.stop()));
  vi.restoreAllMocks();
});

/** A worker at the other end of a channel, in this process. */
function worker(name: string, options: PublishOptions = {}) {
  const { port1, port2 } = new MessageChannel();
  const metrics = new Metrics({ clock });
  const remove = all.add(port1, { name });
  const publication = publishMetrics(metrics, { port: port2, clock, ...options });
  publications.push(publication);
  return { metrics, publication, remove, port: port2 };
}

/** Something at the other end that says what it is told to. */
function mute(name: string) {
  const { port1, port2 } = new MessageChannel();
  all.add(port1, { name });
  const say = (message: object): void => port2.postMessage({ "@breakwater/metrics": message });
  say({ type: "hello" });
  const heard: unknown[] = [];
  port2.on("message", (message) => heard.push(message));
  return { say, heard, close: () => port2.close() };
}

const snapshotText = (fill: (metrics: Metrics) => void): string => {
  const metrics = new Metrics({ clock });
  fill(metrics);
  return JSON.stringify(metrics.snapshot());
};

/** Messages take a turn of the event loop or two. */
async function delivered(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await settled();
}

async function isOver(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), settled().then(() => false)]);
}

function readings(snapshot: Snapshot, name: string): unknown[] {
  const series = snapshot.metrics.find((metric) => metric.name === name)?.series ?? [];
  return series.map(({ attributes, reading }) => [attributes.worker, reading]);
}
const up = (snapshot: Snapshot): unknown => Object.fromEntries(readings(snapshot, "breakwater.worker.up") as [string, number][]);

describe("a scrape", () => {
  it("adds up what the workers have now, not what they last pushed", async () => {
    const one = worker("1");
    const two = worker("2");
    await delivered();
    one.metrics.counter("c").add(1);
    two.metrics.counter("c").add(2);
    const snapshot = await all.snapshot();
    expect([readings(snapshot, "c"), up(snapshot)]).toEqual([[[undefined, 3]], { 1: 1, 2: 1 }]);
  });

  it("can be written as text, with the primary's own metrics, and names promtool likes", async () => {
    const own = new Metrics({ clock });
    own.counter("c").add(4);
    own.settableGauge("load", { unit: "1" }).set(0.25);
    all.close();
    all = new ClusterMetrics({ clock, metrics: own });
    worker("7").metrics.counter("c").add(1);
    await delivered();
    const lines = renderText(await all.snapshot()).split("\n");
    expect(lines).toContain("c_total 5");
    expect(lines).toContain('load_ratio{worker="primary"} 0.25');
    expect(lines).toContain('breakwater_worker_up{worker="7"} 1');
  });

  it("gives the primary's event loop its turns while its own metrics are read and merged, however few series each has", async () => {
    let now = 0;
    const busy = { now: () => (now += 1), setTimer: clock.setTimer.bind(clock) }; // each look at it takes a millisecond
    const own = new Metrics({ clock });
    for (let n = 0; n < 600; n++) own.counter(`c${n}`);
    all.close();
    all = new ClusterMetrics({ clock: busy, metrics: own });
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await all.snapshot();
    isDone = true;
    expect(turns).toBeGreaterThan((3 * 600) / 10); // read, merged and put together, in steps of 5 ms and more
  });

  it("shares a collection that is under way, and begins another afterwards", async () => {
    const read = vi.fn(() => 1);
    worker("1").metrics.gauge("g", read);
    await delivered();
    const first = all.snapshot();
    expect(all.snapshot()).toBe(first);
    expect(await all.snapshot()).toBe(await first);
    expect(read).toHaveBeenCalledTimes(1);
    await all.snapshot();
    expect(read).toHaveBeenCalledTimes(2);
    expect(clock.pendingRefTimers).toBe(0);
  });

  it("waits for a silent worker as long as it says, and no longer, and shows the others", async () => {
    const silent = mute("silent");
    worker("1").metrics.counter("c").add(1);
    silent.say({ type: "lasting", text: snapshotText((metrics) => metrics.counter("c").add(20)) });
    await delivered();
    const scrape = all.snapshot();
    await delivered();
    expect(clock.pendingRefTimers).toBe(1); // somebody awaits it
    await clock.advanceAsync(499);
    expect(await isOver(scrape)).toBe(false);
    await clock.advanceAsync(1);
    const snapshot = await scrape;
    expect([readings(snapshot, "c"), up(snapshot)]).toEqual([[[undefined, 21]], { silent: 0, 1: 1 }]);
    expect(clock.pendingRefTimers).toBe(0);
    silent.close();
  });

  it("does not take the answer to an earlier question for its own", async () => {
    const late = mute("late");
    await delivered();
    const first = all.snapshot();
    await clock.advanceAsync(500);
    await first;
    const second = all.snapshot();
    late.say({ type: "snapshot", id: 1, text: snapshotText((metrics) => metrics.settableGauge("g").set(1)) });
    await delivered();
    expect(late.heard).toEqual([1, 2].map((id) => ({ "@breakwater/metrics": { type: "collect", id } })));
    expect(await isOver(second)).toBe(false);
    late.say({ type: "snapshot", id: 2, text: snapshotText((metrics) => metrics.settableGauge("g").set(2)) });
    expect(readings(await second, "g")).toEqual([["late", 2]]);
    late.close();
  });

  it("does not wait for a worker that goes away meanwhile", async () => {
    const leaving = mute("leaving");
    await delivered();
    const scrape = all.snapshot();
    leaving.close();
    expect(up(await scrape)).toEqual({});
  });

  it("counts an answer of another version, or of nonsense, as silence, and says so once", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const odd = mute("odd");
    await delivered();
    for (const [index, text] of ['{"version":1,"metrics":[]}', "nonsense"].entries()) {
      const scrape = all.snapshot();
      odd.say({ type: "snapshot", id: index + 1, text });
      expect(up(await scrape)).toEqual({ odd: 0 });
    }
    expect(warned).toHaveBeenCalledOnce();
    expect(String(warned.mock.calls[0]?.[0])).toBe("RangeError: a worker's answer must be a snapshot of version 2, got version 1");
    odd.close();
  });

  it("leaves out what conflicts, and says so once", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    worker("1").metrics.counter("x").add(1);
    worker("2").metrics.settableGauge("x").set(1);
    await delivered();
    expect(readings(await all.snapshot(), "x")).toEqual([[undefined, 1]]);
    await all.snapshot();
    expect(warned).toHaveBeenCalledOnce();
  });

  it("brings gauges of NaN and Infinity through, which JSON has not", async () => {
    const { metrics } = worker("1");
    metrics.settableGauge("a").set(Infinity);
    metrics.settableGauge("b").set(NaN);
    await delivered();
    const snapshot = await all.snapshot();
    expect([readings(snapshot, "a"), readings(snapshot, "b")]).toEqual([[["1", Infinity]], [["1", NaN]]]);
  });

  it("leaves messages of the program alone", async () => {
    const { port1, port2 } = new MessageChannel();
    all.add(port1, { name: "x" });
    for (const message of [null, "text", { type: "hello" }, { "@breakwater/metrics": null }]) port2.postMessage(message);
    await delivered();
    expect(up(await all.snapshot())).toEqual({ x: 0 });
    port2.close();
  });
});

describe("a worker that is gone", () => {
  it("leaves its counters and histograms, and takes its gauges and windows along", async () => {
    const { metrics, publication } = worker("1");
    metrics.counter("c").add(3);
    metrics.histogram("h", { unit: "s" }).record(0.5);
    metrics.settableGauge("g", { unit: "{job}" }).set(7);
    metrics.stateSet("s", ["on"]).set("on");
    metrics.upDownCounter("u").add(2);
    worker("2").metrics.histogram("h", { unit: "s" }).record(0.25);
    await delivered();
    expect((await all.snapshot()).metrics.map(({ name }) => name)).toEqual(["breakwater.worker.up", "c", "g", "h", "s", "u"]);
    metrics.counter("c").add(1);
    await publication.stop();
    await delivered();
    const snapshot = await all.snapshot();
    expect(snapshot.metrics.map(({ name }) => name)).toEqual(["breakwater.worker.up", "c", "h"]);
    const reading = snapshot.metrics.find((metric) => metric.type === "histogram")?.series[0]?.reading;
    expect([reading?.lifetime.count, reading?.windows["10000"]?.count]).toEqual([2, 1]);
    expect([readings(snapshot, "c"), up(snapshot)]).toEqual([[[undefined, 4]], { 2: 1 }]);
  });

  it("is added to those before it, so that a thousand take the memory of one, and no digit of a total changes", async () => {
    let total = 0;
    const living = worker("living").metrics.counter("c");
    living.add(0.1);
    for (let n = 1; n <= 20; n++) {
      const { metrics, publication } = worker(String(n));
      metrics.counter("c").add(n / 10);
      await delivered();
      const before = Number((readings(await all.snapshot(), "c")[0] as unknown[])[1]);
      await publication.stop();
      await delivered();
      const after = Number((readings(await all.snapshot(), "c")[0] as unknown[])[1]);
      expect(after).toBe(before);
      expect(after).toBeGreaterThan(total);
      total = after;
    }
    expect(total).toBe(21.1);
  });

  it("that was taken out while it lived leaves the same, and is heard no more", async () => {
    const { metrics, publication, remove } = worker("1");
    metrics.counter("c").add(1);
    await publication.flush();
    await delivered();
    remove();
    remove();
    metrics.counter("c").add(1);
    await delivered();
    const snapshot = await all.snapshot();
    expect([readings(snapshot, "c"), up(snapshot)]).toEqual([[[undefined, 1]], {}]);
  });
});

describe("a worker", () => {
  it("pushes every second on a timer that keeps nothing alive, and reads no gauge for it", async () => {
    const { metrics, port } = worker("1");
    const read = vi.fn(() => 1);
    metrics.gauge("g", read);
    const posted = vi.spyOn(port, "postMessage");
    metrics.counter("c").add(1);
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 0]);
    await clock.advanceAsync(3000);
    expect(posted).toHaveBeenCalledTimes(3);
    expect(JSON.stringify(posted.mock.calls)).toContain('lasting');
    expect(read).not.toHaveBeenCalled();
  });

  it("spends no more than a hundredth of its time on pushing", async () => {
    const { metrics, port } = worker("1");
    const posted = vi.spyOn(port, "postMessage");
    const collection = metrics.collection.bind(metrics);
    vi.spyOn(metrics, "collection").mockImplementation(() => {
      clock.jump(30);
      return collection();
    });
    await clock.advanceAsync(1000);
    await delivered(); // the push ends at 1030
    await clock.advanceAsync(2999);
    expect(posted).toHaveBeenCalledTimes(1);
    await clock.advanceAsync(31);
    await delivered();
    expect(posted).toHaveBeenCalledTimes(2);
  });

  it("tells the primary nothing older than what it has just told, and answers from what it has now", async () => {
    let now = 0; // every look takes a millisecond, so that reading takes many turns
    const slow = { now: () => (now += 1), setTimer: clock.setTimer.bind(clock) };
    const { port1, port2 } = new MessageChannel();
    const metrics = new Metrics();
    const counter = metrics.counter("a");
    for (let n = 0; n < 1000; n++) metrics.counter("c", { attributes: { n } }).add(1);
    const collection = vi.spyOn(metrics, "collection");
    const begun = new Promise<void>((resolve) => void collection.mockImplementationOnce(() => {
      resolve();
      return metrics.collection();
    }));
    const publication = publishMetrics(metrics, { port: port2, clock: slow });
    publications.push(publication);
    const said: unknown[] = [];
    port1.on("message", (message: Record<string, { type: string; text?: string }>) => {
      const { type, text } = message["@breakwater/metrics"] ?? {};
      if (text !== undefined) said.push([type, readings(JSON.parse(text) as Snapshot, "a")]);
    });
    port1.postMessage({ "@breakwater/metrics": { type: "collect", id: 1 } });
    await begun; // and gone on in the first pause of the reading
    counter.add(1); // its series has been read
    await publication.flush();
    await vi.waitUntil(() => said.length === 2, { interval: 1 });
    expect(said).toEqual([["lasting", [[undefined, 1]]], ["snapshot", [[undefined, 1]]]]);
    expect(collection.mock.calls.length).toBeGreaterThan(3); // the mock's own, the telling's, and at least one all over again
    port1.close();
  });

  it("answers only the last of the questions that came while it was busy", async () => {
    const { port1, port2 } = new MessageChannel();
    publications.push(publishMetrics(new Metrics({ clock }), { port: port2, clock }));
    const answers: unknown[] = [];
    port1.on("message", (message: Record<string, { type: string; id?: number }>) => {
      const { type, id } = message["@breakwater/metrics"] ?? {};
      if (type === "snapshot") answers.push(id);
    });
    for (const id of [1, 2, 3]) port1.postMessage({ "@breakwater/metrics": { type: "collect", id } });
    await delivered();
    expect(answers).toEqual([3]);
    port1.close();
  });

  it("that stopped leaves no listener and no timer, and answers nothing", async () => {
    const exits = process.listenerCount("exit");
    const { publication, port } = worker("1");
    await delivered();
    expect([publication.isActive, process.listenerCount("exit")]).toEqual([true, exits + 1]);
    await publication.stop();
    await publication.stop();
    await publication.flush();
    expect([publication.isActive, process.listenerCount("exit"), clock.pendingTimers, port.listenerCount("message")]).toEqual([false, exits, 0, 0]);
  });

  it("that fails to read its metrics warns instead of ending", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { metrics } = worker("1");
    const broken = vi.spyOn(metrics, "collection").mockImplementation(() => {
      throw new Error("broken");
    });
    await clock.advanceAsync(1000);
    broken.mockRestore();
    expect(String(warned.mock.calls[0]?.[0])).toBe("Error: broken");
  });
});

describe("options", () => {
  it.each<[() => unknown, new () => Error, string]>([
    [() => new ClusterMetrics({ timeoutMs: 0 }), RangeError, "timeoutMs must be a number from 1 to Infinity, got 0"],
    [() => new ClusterMetrics({ gauges: "avg" as "sum" }), TypeError, "gauges must be a function or one of"],
    [() => new ClusterMetrics({ label: "" }), TypeError, "label must be a text that is not empty"],
    [() => publishMetrics(new Metrics(), { pushEveryMs: 0 }), RangeError, "pushEveryMs"],
    [() => all.add("x" as unknown as MessagePort), TypeError, "source must be a Worker or a MessagePort, got string"],
    [() => all.add(new MessageChannel().port1, { name: "" }), TypeError, "name must be a text that is not empty"],
  ])("%s is refused", (action, type, message) => {
    expect(action).toThrow(type);
    expect(action).toThrow(message);
  });

  it("of Infinity wait for ever, and push only at the end", async () => {
    all.close();
    all = new ClusterMetrics({ clock, timeoutMs: Infinity });
    const { metrics, publication } = worker("1", { pushEveryMs: Infinity });
    metrics.counter("c").add(1);
    await delivered();
    expect(clock.pendingTimers).toBe(0);
    expect(readings(await all.snapshot(), "c")).toEqual([[undefined, 1]]);
    await publication.stop();
  });
});

it("closing leaves no listener on the cluster, and ends a collection that runs", async () => {
  const events = ["fork", "message", "disconnect"];
  const silent = mute("silent");
  await delivered();
  const scrape = all.snapshot();
  all.close();
  all.close();
  expect(up(await scrape)).toEqual({});
  expect(events.map((event) => cluster.listenerCount(event))).toEqual([0, 0, 0]);
  expect(clock.pendingTimers).toBe(0);
  silent.close();
});

it("is a source of snapshots, as a registry is", () => {
  expectTypeOf<ClusterMetrics>().toExtend<SnapshotSource>();
  expectTypeOf<Metrics>().toExtend<SnapshotSource>();
});
