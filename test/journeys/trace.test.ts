import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freshFolder } from '../support/folders.js';
import { openReceiver } from '../support/receiver.js';
import { sluice } from '../support/sluice.js';

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

/** All spans that a collector got. */
function spansOf(bodies: readonly string[]): readonly SentSpan[] {
  return bodies.flatMap((body) =>
    JSON.parse(body).resourceSpans.flatMap((resource: { scopeSpans: { spans: SentSpan[] }[] }) =>
      resource.scopeSpans.flatMap(({ spans }) => spans),
    ),
  );
}

test('one trace tells the story of one object from arrival to load, and leads to its batch and back', async () => {
  const collector = await openReceiver();
  onTestFinished(() => collector.close());
  const cwd = await freshFolder();
  const orders = join(cwd, 'lake', 'raw', 'orders');
  await mkdir(orders, { recursive: true });
  await writeFile(join(orders, 'a.csv'), 'id,name\n1,x\n2,y\n');
  await writeFile(join(orders, 'b.csv'), 'id,name\n3,z\n');
  await writeFile(
    join(cwd, 'sluice.yaml'),
    `version: 1
lake: { url: "file://${join(cwd, 'lake')}" }
targets: { warehouse: { type: postgres } }
datasets: { orders: { source: { prefix: raw/orders/ }, load: [{ target: warehouse, table: orders }] } }
`,
  );
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` };
  expect((await sluice(['run', '--json'], { cwd, env })).status).toBe(0);
  const { stdout } = await sluice(['objects', 'orders', '--json'], { cwd });
  const objects: { object: string; key: string; batch: string }[] = JSON.parse(stdout).objects;

  const spans = spansOf(collector.received.map(({ body }) => body));
  expect(objects).toHaveLength(2);
  for (const { object, key, batch } of objects) {
    const story = spans.filter(({ traceId }) => traceId === object.replaceAll('-', ''));
    expect(story.map(({ name }) => name).sort()).toEqual(['arrive', 'compact', 'load']);
    const root = story.find(({ name }) => name === 'arrive');
    expect(root?.parentSpanId ?? '').toBe('');
    expect(root?.attributes.find((one) => one.key === 'aws.s3.key')?.value.stringValue).toBe(key);
    for (const child of story.filter((one) => one !== root)) {
      expect(child.parentSpanId).toBe(root?.spanId);
      expect(child.links?.map(({ traceId }) => traceId)).toEqual([batch.replaceAll('-', '')]);
      expect(BigInt(child.endTimeUnixNano) >= BigInt(child.startTimeUnixNano)).toBe(true);
    }
  }
  const batch = spans.filter(({ traceId }) => traceId === objects[0]?.batch.replaceAll('-', ''));
  expect(batch.map(({ name }) => name).sort()).toEqual(['check', 'compact', 'load', 'plan', 'profile', 'skew']);
  const plan = batch.find(({ name }) => name === 'plan');
  expect(plan?.links?.map(({ traceId }) => traceId).sort()).toEqual(
    objects.map(({ object }) => object.replaceAll('-', '')).sort(),
  );
});

test('a collector that is away fails nothing', async () => {
  const cwd = await freshFolder();
  await mkdir(join(cwd, 'lake', 'raw', 'orders'), { recursive: true });
  await writeFile(join(cwd, 'lake', 'raw', 'orders', 'a.csv'), 'id\n1\n');
  await writeFile(
    join(cwd, 'sluice.yaml'),
    `version: 1
lake: { url: "file://${join(cwd, 'lake')}" }
datasets: { orders: { source: { prefix: raw/orders/ } } }
`,
  );
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_EXPORTER_OTLP_TIMEOUT: '500' };
  expect((await sluice(['run', '--json'], { cwd, env })).status).toBe(0);
});
