import type { Registry } from 'prom-client';

/** A metric's values as prom-client tells them. */
export type MetricValues = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number];

/** The last value of each counter's series, to tell what was added since. */
export type CounterMemory = Map<string, number>;

/**
 * Metrics as lines of CloudWatch's Embedded Metric Format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html): one line for each set of
 * labels, which become its dimensions. Gauges as they are; counters, and sums and counts of histograms, by what was added since the last
 * call; what did not change is left out. Only metrics of Sluice. Pure but for `memory`.
 */
export function emfLines(
  metrics: readonly MetricValues[],
  memory: CounterMemory,
  { nowMs, namespace = 'Sluice' }: { readonly nowMs: number; readonly namespace?: string },
): readonly string[] {
  const bySet = new Map<string, { labels: Record<string, string>; values: Record<string, number> }>();
  for (const { name, labels, value } of metrics
    .filter((metric) => metric.name.startsWith('sluice_'))
    .flatMap((metric) => readSeries(metric, memory))) {
    const key = JSON.stringify(labels);
    const set = bySet.get(key) ?? { labels, values: {} };
    set.values[name] = value;
    bySet.set(key, set);
  }
  return [...bySet.values()].map(({ labels, values }) =>
    JSON.stringify({
      _aws: {
        Timestamp: nowMs,
        CloudWatchMetrics: [
          {
            Namespace: namespace,
            Dimensions: [Object.keys(labels)],
            Metrics: Object.keys(values).map((name) => ({ Name: name, Unit: unitOf(name) })),
          },
        ],
      },
      ...labels,
      ...values,
    }),
  );
}

interface Series {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

function readSeries({ name, type, values }: MetricValues, memory: CounterMemory): readonly Series[] {
  return values.flatMap((one): readonly Series[] => {
    const series = 'metricName' in one && typeof one.metricName === 'string' ? one.metricName : name;
    if (series.endsWith('_bucket') || 'quantile' in one.labels || !Number.isFinite(one.value)) return [];
    const labels = Object.fromEntries(Object.entries(one.labels).map(([label, text]) => [label, String(text)]));
    if (String(type) === 'gauge') return [{ name: series, labels, value: one.value }];
    const key = `${series} ${JSON.stringify(labels)}`;
    const added = one.value - (memory.get(key) ?? 0);
    memory.set(key, one.value);
    return added === 0 ? [] : [{ name: series, labels, value: added }];
  });
}

function unitOf(name: string): string {
  if (/_seconds(_sum)?$/.test(name)) return 'Seconds';
  if (/_bytes(_total|_sum)?$/.test(name)) return 'Bytes';
  return /_(total|count)$/.test(name) ? 'Count' : 'None';
}

/** Writes the lines of a registry every so often, and once more when closed. Never throws. */
export function startEmf(
  read: () => Promise<readonly MetricValues[]>,
  { everyMs, write }: { readonly everyMs: number; readonly write: (line: string) => void },
): { close(): Promise<void> } {
  const memory: CounterMemory = new Map();
  const tell = async () => {
    const metrics = await read().catch(() => []);
    for (const line of emfLines(metrics, memory, { nowMs: Date.now() })) write(line);
  };
  const timer = setInterval(() => void tell(), everyMs);
  return {
    close: async () => {
      clearInterval(timer);
      await tell();
    },
  };
}
