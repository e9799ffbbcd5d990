import { once } from "node:events";
import { createServer } from "node:net";

// Below where Linux, macOS and Windows take the ports of outgoing connections from: a server that was killed must find its port
// free when it comes back, and a client that tries to reach it meanwhile can otherwise even be given that port, and reach itself.
const lowest = 20_000;
const highest = 31_999;

/** A port on loopback that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port was found from ${lowest} to ${highest}`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, "127.0.0.1");
    await once(probe, "listening");
  } catch {
    return false;
  }
  probe.close();
  await once(probe, "close");
  return true;
}
