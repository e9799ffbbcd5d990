import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Served } from "./served.ts";

/** Starts one of the servers in a process of its own, which ends with this one. Resolves with its port. */
export async function startServer(kind: Served): Promise<number> {
  const child = fork(fileURLToPath(new URL("./served.js", import.meta.url)), [kind]);
  const [port] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`the server ${kind} ended with ${code}`))),
  ])) as [number]; // as served.ts sends it
  child.unref();
  child.channel?.unref();
  return port;
}
