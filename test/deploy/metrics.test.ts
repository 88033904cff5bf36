import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { startConsole } from '../../src/console/main.js';
import { maintainJob } from '../../src/shared/jobs/catalogue.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { type Family, readExposition } from '../support/exposition.js';
import { openPipeline } from '../support/pipeline.js';
import { namesOf } from '../support/promql.js';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Sluice[A-Z]\w+$/),
          expr: z.string(),
          for: z.string().regex(/^\d+[smh]$/),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({ summary: z.string(), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});
const dashboardSchema = z.object({
  uid: z.literal('sluice'),
  panels: z.array(
    z.object({
      id: z.int(),
      type: z.enum(['row', 'stat', 'timeseries', 'heatmap']),
      title: z.string().min(3),
      gridPos: z.object({ h: z.int(), w: z.int(), x: z.int(), y: z.int() }),
      targets: z.array(z.object({ expr: z.string() })).optional(),
    }),
  ),
});
const alerts = rulesSchema.parse(parse(read('deploy/prometheus/alerts.yaml'))).groups.flatMap(({ rules }) => rules);
const { panels } = dashboardSchema.parse(JSON.parse(read('deploy/grafana/sluice.json')));
const asked: readonly (readonly [string, string])[] = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
];

/** What a platform team asks for first. */
const NAMED = [
  'sluice_queue_oldest_age_seconds',
  'sluice_queue_backlog_bytes',
  'sluice_queue_backlog_seconds',
  'sluice_job_wait_seconds',
  'sluice_job_run_seconds',
  'sluice_job_stalls_total',
  'sluice_job_handbacks_total',
  'nodejs_eventloop_lag_p99_seconds',
  'sluice_engine_memory_bytes',
  'sluice_scratch_bytes',
  'sluice_events_total',
  'sluice_object_end_to_end_seconds',
  'sluice_rows_total',
  'sluice_loads_total',
  'sluice_audit_imbalance_objects',
  'sluice_store_bytes_total',
  'sluice_small_objects_total',
  'sluice_object_size_bytes',
];

/** Labels that the scrape adds. */
const SCRAPED = new Set(['pod', 'instance', 'le']);

let families: ReadonlyMap<string, Family>;
let close: () => Promise<void>;
beforeAll(async () => {
  const pipeline = await openPipeline({
    datasets: `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }]`,
  });
  close = pipeline.close;
  const { config, services, intakeUrl, workers } = pipeline;
  const { ledger } = services;
  await pipeline.put('raw/orders/a.csv', 'id\n1\n2\n');
  await pipeline.put('raw/orders/broken.parquet', 'PAR1 but not really');
  await pipeline.settled(2);
  await fetch(`${intakeUrl}/v1/events/s3`, { method: 'POST', body: '{}' });
  await services.queue().enqueue([maintainJob('sweep', undefined, '1'), maintainJob('audit', undefined, '1')]);
  await pipeline.until(async () => (await ledger.read.lastAudits()).length > 0);
  const console = await startConsole({
    config: { ...config, console: { host: '127.0.0.1', port: 0 } },
    ledger,
    queue: services.queue(),
    logger: silentLog,
  });
  const texts = await Promise.all([
    workers[0]!.metrics.text(),
    ...[console.url, intakeUrl].map(async (url) => (await fetch(`${url}/metrics`)).text()),
  ]);
  await console.close();
  families = new Map(texts.flatMap((text) => [...readExposition(text)]));
});
afterAll(() => close());

/** The labels of a series that the run emitted; undefined when it emitted none. */
const labelsOf = (series: string): ReadonlySet<string> | undefined =>
  [...families.values()].map((family) => family.series.get(series)).find((found) => found !== undefined);

describe('metrics of a real run', () => {
  it.each(NAMED)('have %s', (name) => {
    expect([...(families.get(name)?.series.keys() ?? [])]).not.toEqual([]);
  });

  it('have each a help, a type, and a unit or what they count in their name', () => {
    const counts =
      /^sluice_(objects|steps|batches_held|ignored_arrivals|loads_last_day|rows_loaded_last_day|queue_jobs|queue_workers|queue_paused|queue_backlog_objects|audit_imbalance_objects|scale_desired_workers|engine_processes|ledger_up|queue_up)$/;
    for (const { name, help, type } of families.values()) {
      expect([name, help.length > 10, /^(counter|gauge|histogram)$/.test(type)]).toEqual([name, true, true]);
      if (!name.startsWith('sluice_')) continue;
      if (type === 'counter') expect(name).toMatch(/_total$/);
      else if (!counts.test(name)) expect(name).toMatch(/_(seconds|bytes)$/);
    }
  });

  it('carry labels of a few known values alone: no key, no file, no batch', () => {
    const known = [
      'dataset',
      'state',
      'rule',
      'queue',
      'kind',
      'outcome',
      'source',
      'status',
      'target',
      'store',
      'direction',
    ];
    for (const { name, series } of families.values())
      for (const labels of name.startsWith('sluice_') ? series.values() : [])
        expect([name, [...labels].filter((label) => label !== 'le' && !known.includes(label))]).toEqual([name, []]);
  });

  it.each(asked)('are all that "%s" asks for', (_name, expression) => {
    const { selectors, grouped } = namesOf(expression);
    const emitted = selectors.map(({ metric }) => [metric, labelsOf(metric) !== undefined]);
    expect(emitted).toEqual(selectors.map(({ metric }) => [metric, true]));
    const has = new Set(selectors.flatMap(({ metric }) => [...(labelsOf(metric) ?? [])]));
    const wanted = [...grouped, ...selectors.flatMap(({ labels }) => labels)];
    expect(wanted.filter((label) => !has.has(label) && !SCRAPED.has(label))).toEqual([]);
  });

  it('are each shown in a panel or watched by an alert, but for a few that tables on the console show', () => {
    const used = new Set(asked.flatMap(([, expression]) => namesOf(expression).selectors.map(({ metric }) => metric)));
    const shown = (name: string) => ['', '_bucket', '_count'].some((end) => used.has(name + end));
    expect(NAMED.filter((name) => !shown(name))).toEqual([]);
  });
});

describe('alerts', () => {
  it.each(alerts.map(({ alert, annotations }) => [alert, annotations.runbook_url] as const))(
    '%s has a runbook page that says what it means, where to look and what to do',
    (alert, path) => {
      expect(path).toBe(`docs/runbooks/${alert}.md`);
      const page = existsSync(new URL(path, root)) ? read(path) : '';
      for (const part of [`# ${alert}`, '**What it means.**', '**Where to look**', '**What to do**'])
        expect(page).toContain(part);
      expect(page).toContain(alerts.find((one) => one.alert === alert)?.expr.trim());
    },
  );

  it('have every page of docs/runbooks', () => {
    const pages = readdirSync(new URL('docs/runbooks/', root)).map((name) => name.replace(/\.md$/, ''));
    expect(pages.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });
});

describe('the dashboard', () => {
  it('has panels with ids and places of their own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe('the reader of PromQL', () => {
  it.each(['', 'sum(', 'nothing_known(a)', 'sum by (a) (b', 'a $ b', '1 + 2'])('refuses %s', (expression) => {
    expect(() => namesOf(expression)).toThrow();
  });

  it('finds metrics and labels', () => {
    expect(namesOf('sum by (a, b) (rate(c_total{d="x{", e=~"y"}[5m])) / on(f) g > 1e3')).toEqual({
      selectors: [
        { metric: 'c_total', labels: ['d', 'e'] },
        { metric: 'g', labels: [] },
      ],
      grouped: ['a', 'b', 'f'],
    });
  });
});
