import { RejectedError } from "@breakwater/core";
import { SocketLostError, SocketReplyError } from "@breakwater/http/ws";
import { describe, expect, it } from "vitest";
import { AnswerError, fateOf } from "../../src/network/fate.ts";

describe("the fate of a request", () => {
  it.each([
    ["over HTTP", new AnswerError(503, { code: "ERR_BREAKER_OPEN", reason: "open" })],
    ["over WebSocket", new SocketReplyError({ status: 503, code: "ERR_BREAKER_OPEN", reason: "open" })],
  ])("is refused when it was told so by a pattern, %s", (_, error) => {
    expect(fateOf(error)).toEqual({ kind: "refused", reason: "ERR_BREAKER_OPEN" });
  });

  it.each([
    ["over HTTP", new AnswerError(503, { code: "ERR_STATUS", reason: "postgres-failed" })],
    ["over WebSocket", new SocketReplyError({ status: 503, code: "ERR_STATUS", reason: "postgres-failed" })],
  ])("is refused when it was told which dependency had failed, %s", (_, error) => {
    expect(fateOf(error)).toEqual({ kind: "refused", reason: "postgres-failed" });
  });

  it("is refused when the status alone says so", () => {
    expect(fateOf(new AnswerError(504, {}))).toEqual({ kind: "refused", reason: "HTTP 504" });
    expect(fateOf(new SocketReplyError({ status: 504 }))).toEqual({ kind: "refused", reason: "ERR_SOCKET_REPLY" });
  });

  it("is refused when its own side's limits said so", () => {
    const refusal = new RejectedError("ERR_BREAKER_OPEN", "no", { reason: "open" });
    expect(fateOf(refusal)).toEqual({ kind: "refused", reason: "ERR_BREAKER_OPEN of the client" });
  });

  it.each([
    ["an error that nobody expected", new AnswerError(500, {}), "HTTP 500"],
    ["the same over WebSocket", new SocketReplyError({ status: 500 }), "ERR_SOCKET_REPLY"],
    ["a lost connection", new SocketLostError({ wasSent: true, closeCode: 1006, closeReason: "", source: "x" }), "ERR_SOCKET_LOST"],
    ["a time that ran out", Object.assign(new Error("late"), { code: "ERR_TIMEOUT" }), "ERR_TIMEOUT"],
    ["a fetch that failed", new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) }), "TypeError fetch failed: ECONNREFUSED"],
    ["what is no error", "gone", "gone"],
  ])("is failed after %s", (_, error, reason) => {
    expect(fateOf(error)).toEqual({ kind: "failed", reason });
  });
});
