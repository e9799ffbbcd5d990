export { Simulation, type SimulationOptions } from "./simulation.ts";
export {
  bimodal,
  constant,
  exponential,
  randomFrom,
  sampled,
  seedOf,
  uniform,
  type Distribution,
  type Random,
} from "./random.ts";
export { Server, ServerFailure, type ServerOptions } from "./server.ts";
export { burst, closedLoop, openLoop, type Burst, type ClosedLoop, type OpenLoop } from "./clients.ts";
export {
  ImpatientError,
  network,
  patience,
  retries,
  type NetworkOptions,
  type PatienceOptions,
  type RetryOptions,
} from "./network.ts";
export { Tally, type TallyOptions } from "./tally.ts";
export { BrokenLawError, type Law } from "./suites/law.ts";
export { permitLaws } from "./suites/permit-laws.ts";
export { runLaws, type Runner } from "./suites/run-laws.ts";
export type { Held, LawOptions, MakeSubject, Subject, SubjectOptions } from "./suites/subject.ts";
