export { watchRuntime, type RuntimeWatch } from "./runtime/watch-runtime.ts";
export { type RuntimeOptions, type RuntimeScope } from "./runtime/options.ts";
