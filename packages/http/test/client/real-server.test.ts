import { getEventListeners } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { resilientFetch } from "../../src/client.ts";
import { endless, serve, until } from "./servers.ts";

const noWait = { backoff: () => 0, budget: false } as const;

test("connections of responses that nobody gets are not leaked", async () => {
  const failing = await serve((request, response) => {
    if (request.url === "/ok") response.end("ok");
    else endless(response, 503);
  });
  const send = resilientFetch({ retry: noWait, breaker: false });
  const bodies: Response[] = [];
  for (let count = 0; count < 10; count += 1) bodies.push(await send(`${failing.url}/down`));
  expect(failing.requests).toHaveLength(30);
  await until(() => failing.held.size === 10); // those of the ten that were handed out
  for (const response of bodies) await response.body?.cancel();
  await until(() => failing.held.size === 0);
  expect(await (await send(`${failing.url}/ok`)).text()).toBe("ok");
});

test("the connection of a hedge that lost is closed", async () => {
  const slow = await serve((_, response) => {
    if (slow.requests.length > 1) response.end("quick");
  });
  const send = resilientFetch({ hedge: { delayMs: 20 } });
  expect(await (await send(slow.url)).text()).toBe("quick");
  await until(() => slow.held.size === 0);
  expect(send.stats).toMatchObject({ hedges: 1, hedgeWins: 1 });
});

test("a timeout closes the connection and is tried again", async () => {
  const slow = await serve((_, response) => {
    if (slow.requests.length > 1) response.end("quick");
  });
  const send = resilientFetch({ timeoutMs: 40, retry: noWait });
  expect(await (await send(slow.url)).text()).toBe("quick");
  await until(() => slow.held.size === 0);
});

test("an abort in the middle of the body fails the reader with the caller's reason and closes the connection", async () => {
  const server = await serve((_, response) => endless(response));
  const controller = new AbortController();
  const response = await resilientFetch()(server.url, { signal: controller.signal });
  const reader = response.body?.getReader();
  expect((await reader?.read())?.done).toBe(false);
  const reason = new Error("gone");
  controller.abort(reason);
  await expect(reader?.read()).rejects.toBe(reason);
  await until(() => server.held.size === 0);
});

test("a body that the caller cancels closes the connection", async () => {
  const server = await serve((_, response) => endless(response));
  const response = await resilientFetch()(server.url, { signal: new AbortController().signal });
  await response.body?.cancel();
  await until(() => server.held.size === 0);
});

test("a response that was forgotten is let go when it is collected, however long its signal lives", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void; // that is what the flag makes
  const server = await serve((_, response) => endless(response));
  const { signal } = new AbortController();
  const send = resilientFetch();
  for (let count = 0; count < 3; count += 1) await send(server.url, { signal });
  expect(server.held.size).toBe(3);
  await until(() => {
    collect();
    return server.held.size === 0;
  });
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test.each([
  ["HEAD", 200],
  ["GET", 204],
  ["GET", 304],
] as const)("no body is awaited for %s with status %i, at a retry either", async (method, status) => {
  const server = await serve((_, response) => {
    response.writeHead(server.requests.length < 2 ? 503 : status, method === "HEAD" ? { "content-length": "5" } : {}).end();
  });
  const { signal } = new AbortController();
  const response = await resilientFetch({ retry: noWait })(server.url, { method, signal });
  expect([response.status, await response.text(), server.requests.length]).toEqual([status, "", 2]);
});

test("informational answers decide nothing", async () => {
  const server = await serve((_, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("here");
  });
  expect(await (await resilientFetch()(server.url)).text()).toBe("here");
});

test("a connection that is reset is tried again before the headers, and never in the middle of the body", async () => {
  const server = await serve((_, response) => {
    if (server.requests.length === 1) {
      response.destroy();
      return;
    }
    response.writeHead(200, { "content-length": "10" });
    response.write("half", () => response.destroy());
  });
  const response = await resilientFetch({ retry: noWait })(server.url, { signal: new AbortController().signal });
  await expect(response.text()).rejects.toThrow("terminated");
  expect(server.requests).toHaveLength(2);
});

test("redirects are followed as fetch follows them, and a followed response still says where it came from", async () => {
  const server = await serve((request, response) => {
    if (request.url === "/new") response.end("moved here");
    else response.writeHead(302, { location: "/new" }).end();
  });
  const send = resilientFetch();
  const { signal } = new AbortController();
  const response = await send(server.url, { signal });
  const copy = response.clone();
  expect([response.url, response.redirected, copy.url]).toEqual([`${server.url}/new`, true, `${server.url}/new`]);
  expect([await response.text(), await copy.text()]).toEqual(["moved here", "moved here"]);
  expect((await send(server.url, { redirect: "manual" })).status).toBe(302);
  await expect(send(server.url, { redirect: "error" })).rejects.toThrow(TypeError);
});

test("body, content type and cookies arrive as with fetch, at each attempt", async () => {
  const bodies: string[] = [];
  const server = await serve((request, response) => {
    let body = String(request.headers["content-type"]);
    request.setEncoding("utf8").on("data", (chunk: string) => (body += ` ${chunk}`));
    request.on("end", () => {
      bodies.push(body);
      response.writeHead(bodies.length < 2 ? 503 : 200, [["set-cookie", "a=1"], ["set-cookie", "b=2"]].flat()).end();
    });
  });
  const { signal } = new AbortController();
  const response = await resilientFetch({ retry: noWait })(server.url, { method: "PUT", body: new URLSearchParams({ a: "b" }), signal });
  expect(bodies).toEqual(Array(2).fill("application/x-www-form-urlencoded;charset=UTF-8 a=b"));
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
});

test("a server that refuses connections is a network error, and opens the breaker", async () => {
  const server = await serve(() => undefined);
  await new Promise((resolve) => server.server.close(resolve));
  const send = resilientFetch({ retry: false });
  for (let count = 0; count < 5; count += 1) await expect(send(server.url)).rejects.toThrow("fetch failed");
  await expect(send(server.url)).rejects.toMatchObject({ code: "ERR_BREAKER_OPEN" });
});

test("a Request with a body arrives where the balancer says", async () => {
  const server = await serve((request, response) => {
    request.pipe(response);
  });
  const balancer = { pick: () => ({ value: server.url, success: () => undefined, failure: () => undefined, release: () => undefined }) };
  const request = new Request("http://orders.invalid/7", { method: "POST", body: "order" });
  expect(await (await resilientFetch({ balancer })(request)).text()).toBe("order");
  expect([server.requests[0]?.url, server.requests[0]?.method]).toEqual(["/7", "POST"]);
});

test.each(["777 Odd", "200 Espace manqu\u00e9", "200 \u0001", "503 Bient\u00f4t"])("an answer that no constructor would make, %j, arrives as with fetch", async (head) => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => socket.end(Buffer.from(`HTTP/1.1 ${head}\r\ncontent-length: 2\r\n\r\nhi`, "latin1")));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`; // it listens on a port
  const seen = async (response: Response): Promise<unknown> => {
    const copy = response.clone();
    return [response.status, response.statusText, response.ok, await response.text(), copy.status, copy.statusText, copy.ok, await copy.text()];
  };
  const { signal } = new AbortController();
  expect(await seen(await resilientFetch({ retry: false })(url, { signal }))).toEqual(await seen(await fetch(url)));
});
