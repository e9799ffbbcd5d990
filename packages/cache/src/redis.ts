export { redisStore, type RedisClient } from "./redis/redis-store.ts";
export type { SecondLevelStore, StoredText } from "./second-level/store.ts";
