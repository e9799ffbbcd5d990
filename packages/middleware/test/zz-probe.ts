import type { Call, Guard, Layer, Overwrite, Provider, Service } from "@breakwater/core";
import { widen } from "@breakwater/core";
import { authentication, pipeline, requestId, stack, staticTokens, logging } from "@breakwater/middleware";
interface Order { readonly token?: string; readonly item: string }
interface User { readonly name: string }
const auth = authentication({ credentials: (order: Order) => order.token, verify: (t): User | undefined => (t ? { name: "x" } : undefined) });
const guard: Guard = (next) => next;
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const yes = <T extends true>(): T | undefined => undefined;

// 1 provider assignable to Guard?
export const p1: Guard = auth;
// 2 stack of providers
export const s2 = stack(requestId<Order>(), auth)(async (o: Order, call: Call & { requestId: string; user: User }) => call.user.name);
yes<Equal<typeof s2, Service<Order, string>>>();
export const s2b = stack(auth, guard)(async (o: Order, call: Call & { user: User }) => call.user.name);
yes<Equal<typeof s2b, Service<Order, string>>>();
export const s2c = stack(guard, auth)(async (o: Order, call: Call & { user: User }) => call.user.name);
yes<Equal<typeof s2c, Service<Order, string>>>();
export const s2d = stack(auth)(async (o: Order, call: Call & { user: User }) => call.user.name);
yes<Equal<typeof s2d, Service<Order, string>>>();
// 2e must not compile: nothing provides tenant -> result needs tenant
export const s2e = stack(requestId<Order>(), auth)(async (o: Order, call: Call & { tenant: string; user: User }) => call.user.name);
export const s2f: Service<Order, string> = s2e;
// 3 async verify
pipeline<Order>().use(authentication({ credentials: (o) => o.token, verify: async (t) => (t === "x" ? { name: "Ann" } : undefined) })).handle(async (o, call) => {
  yes<Equal<typeof call.user, { name: string }>>();
  return call.user;
});
// 4 inline verify with union
pipeline<Order>().use(authentication({ credentials: (o) => o.token, verify: (t) => (t === "x" ? { name: "Ann" } : undefined) })).handle(async (o, call) => {
  yes<Equal<typeof call.user, { name: string }>>();
  return call.user;
});
pipeline<Order>().use(authentication({ credentials: (o) => o.token, verify: staticTokens(new Map([["a", { name: "Ann" }]])) })).handle(async (o, call) => {
  yes<Equal<typeof call.user, { name: string }>>();
  return call.user;
});
// 5 inline generic provider
pipeline<Order>().use(<In, Out, C extends Call>(next: Service<In, Out, Overwrite<C, { tenant: string }>>): Service<In, Out, C> => (i, c) => next(i, widen(c, { tenant: "x" }))).handle(async (o, call) => {
  yes<Equal<typeof call.tenant, string>>();
  return call.tenant;
});
// 6 inline generic guard
pipeline<Order>().use(<In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> => (i, c) => next(i, c)).use(auth).handle(async (o, call) => call.user);
// 7 requestId read infers
pipeline<Order>().use(requestId({ read: (o) => o.token })).handle(async (o, call) => call.requestId);
// 8 hand written non generic layer
const own: Layer<Service<Order, string, Call>> = (next) => async (o, c) => next(o, c);
export const o8 = stack(own, auth)(async (o: Order, call: Call & { user: User }) => call.user.name);
yes<Equal<typeof o8, Service<Order, string>>>();
pipeline<Order>().use(own).handle(async () => "x");
// 9 unannotated lambda
pipeline<Order>().use((next) => (i, c) => next(i, c)).use(auth).handle(async (o, call) => call.user);
pipeline<Order>().use((next) => (i, c) => next(i, { ...c, tenant: 1 })).use(auth).handle(async (o, call) => call.user);
// 10 stack of providers in a pipeline
pipeline<Order>().use(stack(requestId<Order>(), auth)).handle(async (o, call) => call.user);
pipeline<Order>().use(stack(logging({ logger: console }), guard)).handle(async (o, call) => o.item);
// 11 wrong order needs
const audit: Provider<{ readonly audited: true }, Call & { readonly user: User }> = (next) => (i, c) => next(i, { ...c, audited: true });
pipeline<Order>().use(audit).use(auth);
const ten = stack(guard, requestId<Order>(), guard, auth, audit, guard, guard, guard, guard, guard);
export const t = ten(async (o: Order, call: Call & { readonly user: User; readonly requestId: string; readonly audited: true }) => 1);
yes<Equal<typeof t, Service<Order, number>>>();
export const bad = stack(audit, auth)(async (o: Order, call: Call & { readonly user: User; readonly audited: true }) => 1);
export const bad2: Service<Order, number> = bad;
// 12 a number input with auth in stack
export const bad3 = stack(auth)(async (o: number, call: Call & { readonly user: User }) => 1);
