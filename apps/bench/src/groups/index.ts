import type { Case, Weight } from "../candidate.ts";
import { balancerCases } from "./balancer.ts";
import { breakerFailureCase } from "./breaker-failure.ts";
import { breakerWeights } from "./breaker-weights.ts";
import { breakerCases } from "./breaker.ts";
import { cacheCases } from "./cache.ts";
import { deadlineCases } from "./deadline.ts";
import { httpCases } from "./http.ts";
import { adaptiveCases } from "./limiter-adaptive.ts";
import { healthCases } from "./health.ts";
import { crowdCases } from "./limiter-crowd.ts";
import { limiterCases } from "./limiter.ts";
import { scrapeCase } from "./metrics-scrape.ts";
import { metricsWeights } from "./metrics-weights.ts";
import { metricsCases } from "./metrics.ts";
import { middlewareCases } from "./middleware.ts";
import { policiesCase } from "./policies.ts";
import { poolCrowd } from "./pool-crowd.ts";
import { poolCases } from "./pool.ts";
import { rateCases } from "./rate.ts";
import { retryCases } from "./retry.ts";
import { serviceCases } from "./service.ts";

/** What `bench GROUP` runs. */
export const groups: Readonly<Record<string, readonly Case[]>> = {
  balancer: balancerCases,
  breaker: [...breakerCases, breakerFailureCase],
  limiter: [...limiterCases, ...crowdCases, ...adaptiveCases],
  rate: rateCases,
  pool: [...poolCases, poolCrowd],
  retry: [...retryCases, policiesCase],
  deadline: deadlineCases,
  cache: cacheCases,
  middleware: middlewareCases,
  health: healthCases,
  metrics: [...metricsCases, scrapeCase],
  service: serviceCases,
  http: httpCases,
};

/** What `bench memory` weighs. */
export const weights: readonly Weight[] = [...breakerWeights, ...metricsWeights];
