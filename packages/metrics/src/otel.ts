export { meterFrom } from "./otel/meter-from.ts";
export { metricProducer, type MetricProducer, type MetricProducerOptions } from "./otel/metric-producer.ts";
