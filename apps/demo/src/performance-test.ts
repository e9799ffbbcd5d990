import type { ServiceHost } from "@breakwater/service";
import type { Arguments } from "./arguments.ts";
import type { Report } from "./report.ts";
import { validToken, type Answer, type Request } from "./workload.ts";

/** What is put to the test, simulated or real. */
export interface Subject {
  /** Its start and stop are those of everything that the test needs. */
  readonly service: ServiceHost<Request, Answer>;
  /** The burst comes now: times count from here. */
  begin(): void;
  /** What there is to say, while it still runs. */
  report(args: Arguments, burst: Burst): Report | Promise<Report>;
}

/** What became of the requests. */
export interface Burst {
  readonly elapsedMs: number;
  /** When each request was answered, in ms from the start. */
  readonly answeredAt: readonly number[];
  readonly errors: readonly unknown[];
}

/** Sends all requests at once and waits for all. */
export async function sendBurst(
  service: ServiceHost<Request, Answer>,
  count: number,
  onSettled: () => void,
): Promise<Burst> {
  const requests = Array.from({ length: count }, (_, id) => ({ id, data: `request_${id}`, token: validToken }));
  const answeredAt: number[] = [];
  const errors: unknown[] = [];
  const startedAt = performance.now();
  const send = async (request: Request): Promise<void> => {
    try {
      await service.process(request);
      answeredAt.push(performance.now() - startedAt);
    } catch (error) {
      errors.push(error);
    }
    onSettled();
  };
  await Promise.all(requests.map(send));
  return { elapsedMs: performance.now() - startedAt, answeredAt, errors };
}
