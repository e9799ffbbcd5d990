export { ResilientSocket } from "./ws/client/resilient-socket.ts";
export type {
  CloseOptions,
  FreshConnection,
  HeartbeatOptions,
  RequestOptions,
  ResilientSocketOptions,
  SocketAddress,
} from "./ws/client/socket-options.ts";
export type { SocketEnd, SocketEvents, SocketState, SocketStats } from "./ws/client/socket-events.ts";
export {
  SocketLostError,
  SocketRejectedError,
  SocketReplyError,
  type SocketLostErrorOptions,
  type SocketRejectionReason,
} from "./ws/client/socket-errors.ts";
export type { SocketConstructor, SocketData, SocketLike } from "./ws/client/socket-like.ts";

export { createWebSocketFront, WebSocketFront, type UpgradeServer } from "./ws/server/web-socket-front.ts";
export type { WebSocketFrontOptions } from "./ws/server/front-options.ts";
export type { Origins } from "./ws/server/origins.ts";
export type { WebSocketFrontEvents, WebSocketFrontStats, WebSocketStopReport } from "./ws/server/front-life.ts";
export { WebSocketRejectedError, type WebSocketRejectionReason } from "./ws/server/front-errors.ts";
