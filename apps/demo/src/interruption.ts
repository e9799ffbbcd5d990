/** Ctrl-C, or a supervisor's request to end. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A dependency could not be had: nothing that a stack trace of ours would explain. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** Starts it; what it could not start for becomes a {@link StartError}. */
export async function start(service: { start(): Promise<unknown> }): Promise<void> {
  try {
    await service.start();
  } catch (error) {
    throw new StartError(`could not start: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

export interface Interruption {
  /** Rejects on SIGINT and SIGTERM, so that whoever races it can clean up and leave. */
  readonly promise: Promise<never>;
  dispose(): void;
}

export function interruption(): Interruption {
  let interrupt = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Interrupted("interrupted"));
  });
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  promise.catch(() => undefined); // nobody may be racing when it comes
  return { promise, dispose: () => process.off("SIGINT", interrupt).off("SIGTERM", interrupt) };
}
