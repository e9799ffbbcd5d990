import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ask, Load } from "./load.ts";
import { Programs, readmeBlock } from "./programs.ts";

const programs = new Programs();
beforeAll(() => programs.prepare(), 60_000);
afterAll(() => programs.remove());

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  server.close();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

it("the README's cluster serves, is scraped as one, and is restarted one by one without a failed request", { timeout: 60_000 }, async () => {
  const [port, scrape] = [await freePort(), await freePort()];
  const program = programs.run(programs.write("readme", readmeBlock("js", 0).replace("8080", String(port)).replace("9100", String(scrape))));
  const isUp = async (): Promise<string> => (await ask(scrape).catch(() => ({ body: "" }))).body;
  const ready = expect.poll(isUp, { timeout: 20_000, interval: 100 });
  await ready.toMatch(/breakwater_worker_up\{worker="1"\} 1\n[^]*breakwater_worker_up\{worker="2"\} 1\n/);
  await expect.poll(() => ask(port).then(({ status }) => status, () => 0), { timeout: 10_000 }).toBe(200);
  const load = new Load(port, 4, true);
  program.signal("SIGHUP");
  await expect.poll(isUp, { timeout: 30_000, interval: 100 }).toMatch(/worker="3"\} 1\nbreakwater_worker_up\{worker="4"\} 1\n/);
  await expect.poll(isUp, { timeout: 30_000, interval: 100 }).not.toMatch(/worker="[12]"/);
  const { failures, answered } = await load.stop();
  expect(failures).toEqual({});
  expect(answered).toBeGreaterThan(100);
  program.signal("SIGTERM");
  expect(await program.exited).toEqual([0, null]);
  expect(program.output).toBe("");
});
