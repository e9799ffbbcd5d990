import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const binary = "redis-server";

/** Why there is no server to test with; undefined where there is one. */
export function whyNoServer(): string | undefined {
  const { error, status } = spawnSync(binary, ["--version"], { stdio: "ignore" });
  return error === undefined && status === 0 ? undefined : `there is no ${binary} on the PATH (apt-get install redis-server)`;
}

/** A Redis server of our own on a free loopback port, which writes nothing to a disk and can be killed, stopped and started again. */
export class TestServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "breakwater-cache-"));
  #process: ChildProcess | undefined;

  constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<TestServer> {
    const server = new TestServer(await freePort());
    await server.run();
    return server;
  }

  /** Until it answers. */
  async run(): Promise<void> {
    const options = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", this.#folder];
    this.#process = spawn(binary, options, { stdio: "ignore" });
    await until(() => this.#answers());
  }

  /** As the kernel would when memory is short: no goodbye to anybody. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** It hangs from now on: connections stay open, and nothing is answered. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    await this.#end("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1", () => socket.write("PING\r\n"));
      socket.on("data", (data) => (resolve(data.toString() === "+PONG\r\n"), socket.destroy()));
      socket.on("error", () => resolve(false));
    });
  }
}

/** Until it is so, a few seconds at most: things of the outside take their time. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`it did not become so: ${isSo.toString()}`);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo; // of a server that listens on a port
  probe.close();
  await once(probe, "close");
  return port;
}
