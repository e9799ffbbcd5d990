export { fastifyHandler, type FastifyHandlerOptions } from "./fastify/fastify-handler.ts";
export { FastifyPart, fastifyPart, type FastifyPartOptions, type FastifyStopReport } from "./fastify/fastify-part.ts";
