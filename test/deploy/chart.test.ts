import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../../src/shared/config/load.js';
import { JOB_KINDS } from '../../src/shared/jobs/catalogue.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');
const script = z.object({
  EXAMPLES: z.array(z.string()),
  COPIES: z.record(z.string(), z.string()),
  hashOf: z.function({ input: [z.string()], output: z.string() }),
});
const { EXAMPLES, COPIES, hashOf } = script.parse(await import(`${root}/scripts/renderChart.mjs`));

const envSchema = z.array(
  z.strictObject({
    name: z.string(),
    valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) }),
  }),
);
const quantities = z.record(z.string(), z.union([z.string(), z.number()]));
const probe = z.looseObject({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).default([]),
  env: envSchema.default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.int() })).default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  securityContext: z.unknown(),
  resources: z.object({ requests: quantities, limits: quantities }),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
});
const podSpec = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  terminationGracePeriodSeconds: z.int().optional(),
  securityContext: z.unknown(),
  containers: z.array(container).length(1),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
});
const documentSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string().max(63),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.looseObject({}).default({}),
  data: z.record(z.string(), z.string()).default({}),
});
type Document = z.infer<typeof documentSchema>;

const rendered = (example: string): readonly Document[] =>
  parseAllDocuments(read(`deploy/helm/rendered/${example}.yaml`), { strict: true, uniqueKeys: true })
    .map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as unknown;
    })
    .filter((document) => document !== null)
    .map((document) => documentSchema.parse(document));
const ofKind = (documents: readonly Document[], kind: string) => documents.filter((one) => one.kind === kind);
const pods = (documents: readonly Document[]) =>
  documents
    .filter(({ kind }) => ['Deployment', 'Job', 'Pod'].includes(kind))
    .map(({ kind, metadata, spec }) => {
      const template = z.object({ spec: podSpec }).safeParse(spec['template']);
      const pod = kind === 'Pod' ? podSpec.parse(spec) : template.data?.spec;
      if (pod?.containers[0] === undefined) throw new Error(`expected a pod in ${metadata.name}: ${template.error}`);
      return { name: metadata.name, kind, pod, main: pod.containers[0] };
    });
const seconds = (text: string | undefined) => Number(/(\d+)s$/.exec(text ?? '')?.[1]);

describe('the rendered examples', () => {
  it.each(EXAMPLES)('%s is made from this chart: run scripts/renderChart.mjs after a change', (example) => {
    expect(read(`deploy/helm/rendered/${example}.yaml`)).toContain(
      `# sha256 of chart and example: ${hashOf(example)}\n`,
    );
  });

  it.each(Object.entries(COPIES))('%s of the chart is that of deploy/%s', (copy, from) => {
    expect(read(`deploy/helm/sluice/${copy}`)).toBe(read(`deploy/${from}`));
  });

  it.each(EXAMPLES)('%s has a configuration that Sluice takes, where the chart says it listens', (example) => {
    const maps = ofKind(rendered(example), 'ConfigMap').filter(({ data }) => 'sluice.yaml' in data);
    expect(maps.length).toBe(example === 'hpa' ? 1 : 2);
    const env = Object.fromEntries(
      pods(rendered(example)).flatMap(({ main }) => main.env.map(({ name }) => [name, 'redis-or-postgres'])),
    );
    const given = { ...env, REDIS_URL: 'redis://r', LEDGER_URL: 'postgres://l', WAREHOUSE_URL: 'postgres://w' };
    for (const { data } of maps) {
      const answer = parseConfig(data['sluice.yaml'] ?? '', { folder: '/' }, given);
      expect(answer.kind === 'faults' ? answer.faults : []).toEqual([]);
      if (answer.kind !== 'config') continue;
      const { intake, worker, monitoring } = answer.config;
      expect([intake.port, worker.port, monitoring.port, worker.scratch]).toEqual([8080, 9090, 9091, '/scratch']);
      expect([intake.host, worker.host, monitoring.host]).toEqual(['0.0.0.0', '0.0.0.0', '0.0.0.0']);
    }
  });

  it.each(EXAMPLES)('%s runs every pod as nobody, with a read-only root, no capabilities, and limits', (example) => {
    for (const { name, pod, main } of pods(rendered(example))) {
      expect([name, pod.securityContext]).toEqual([
        name,
        expect.objectContaining({ runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } }),
      ]);
      expect([name, main.securityContext]).toEqual([
        name,
        { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      ]);
      for (const limit of ['memory', 'ephemeral-storage']) expect(main.resources.limits).toHaveProperty([limit]);
      const volumes = pod.volumes.map((volume) => volume.name);
      for (const mount of main.volumeMounts) expect(volumes).toContain(mount.name);
    }
  });

  it.each(EXAMPLES)('%s probes each deployment at a port that it has', (example) => {
    for (const { name, kind, main } of pods(rendered(example))) {
      if (kind !== 'Deployment') continue;
      const ports = main.ports.map((port) => port.name);
      for (const one of [main.startupProbe, main.livenessProbe, main.readinessProbe])
        expect([name, ports.includes(one?.httpGet.port ?? '')]).toEqual([name, true]);
    }
  });

  it.each(EXAMPLES)('%s gives every worker class its queues, scratch of its own, and time to stop', (example) => {
    const workers = pods(rendered(example)).filter(({ name }) => name.includes('-worker-'));
    const queues = workers.flatMap(({ main }) => /--queues=(\S+)/.exec(main.args.join(' '))?.[1]?.split(',') ?? []);
    expect([...queues].sort()).toEqual([...JOB_KINDS].sort());
    for (const { pod, main } of workers) {
      expect(pod.volumes.find(({ name }) => name === 'scratch')).toHaveProperty(
        'ephemeral.volumeClaimTemplate.spec.resources',
      );
      const stopWithin = seconds(main.args.find((arg) => arg.startsWith('--stop-within=')));
      expect(pod.terminationGracePeriodSeconds).toBe(stopWithin + 30);
    }
  });

  it.each(EXAMPLES)('%s guards every part: a network policy and a budget', (example) => {
    const documents = rendered(example);
    const deployments = ofKind(documents, 'Deployment').map(({ metadata }) => metadata.name);
    const policies = ofKind(documents, 'NetworkPolicy').map(({ metadata }) => metadata.name);
    expect(deployments.filter((name) => !policies.includes(name))).toEqual([]);
    const budgets = ofKind(documents, 'PodDisruptionBudget').map(({ metadata }) => metadata.name);
    expect(deployments.filter((name) => !budgets.includes(name))).toEqual([]);
    for (const { spec } of ofKind(documents, 'NetworkPolicy'))
      expect(spec['policyTypes']).toEqual(['Ingress', 'Egress']);
  });

  it.each(EXAMPLES)('%s holds no secret: each comes from a Secret that exists', (example) => {
    expect(ofKind(rendered(example), 'Secret')).toEqual([]);
    const deployed = pods(rendered(example)).filter(({ kind }) => kind === 'Deployment');
    for (const { main } of deployed) expect(main.env.map(({ name }) => name)).toContain('LEDGER_URL');
  });

  it('scale by the signal, one pod a minute down, with a fallback', () => {
    for (const { metadata, spec } of ['defaults', 'full'].flatMap((name) => ofKind(rendered(name), 'ScaledObject'))) {
      expect(spec).toMatchObject({
        scaleTargetRef: { name: metadata.name },
        fallback: { failureThreshold: 3, behavior: 'currentReplicasIfHigher' },
        advanced: {
          horizontalPodAutoscalerConfig: {
            behavior: { scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } },
          },
        },
        triggers: [
          { type: 'metrics-api', metricType: 'AverageValue', metadata: { valueLocation: 'desired', targetValue: '1' } },
        ],
      });
      expect(JSON.stringify(spec['triggers'])).toMatch(
        /http:\/\/sluice-console\.data\.svc:9091\/v1\/scale\?queue=[a-z,]+&concurrency=\d+&drainSeconds=\d+&oldestSeconds=\d+"/,
      );
    }
    expect(ofKind(rendered('full'), 'ScaledObject')).toHaveLength(2);
    expect(ofKind(rendered('hpa'), 'ScaledObject')).toEqual([]);
    expect(ofKind(rendered('hpa'), 'HorizontalPodAutoscaler')).toHaveLength(1);
  });

  it('let people reach the console where they have to sign in, and nowhere else', () => {
    const portsOf = (example: string) =>
      JSON.stringify([...ofKind(rendered(example), 'Service'), ...ofKind(rendered(example), 'NetworkPolicy')]);
    expect(portsOf('full')).toContain('8081');
    expect(portsOf('defaults')).not.toContain('8081');
  });

  it('migrate the ledger before anything else starts', () => {
    const [job] = ofKind(rendered('defaults'), 'Job');
    expect(job?.metadata.annotations).toMatchObject({ 'helm.sh/hook': 'pre-install,pre-upgrade' });
    expect(pods(rendered('defaults')).find(({ kind }) => kind === 'Job')?.main.args[0]).toBe('migrate');
  });

  it('watch every part, with the alerts and the dashboard of deploy/', () => {
    const full = rendered('full');
    const scraped = ofKind(full, 'Service').filter(({ metadata }) => metadata.labels['sluice.dev/scrape'] === 'yes');
    expect(scraped.map(({ metadata }) => metadata.name).sort()).toEqual(
      ofKind(full, 'Deployment')
        .map(({ metadata }) => metadata.name)
        .sort(),
    );
    const rules: { groups: unknown } = parse(
      read('deploy/prometheus/alerts.yaml').replaceAll('docs/runbooks/', 'https://example.com/sluice/runbooks/'),
    );
    expect(ofKind(full, 'PrometheusRule')[0]?.spec).toEqual(rules);
    const dashboard = ofKind(full, 'ConfigMap').find(({ data }) => 'sluice.json' in data);
    expect(JSON.parse(dashboard?.data['sluice.json'] ?? '')).toEqual(JSON.parse(read('deploy/grafana/sluice.json')));
  });
});

describe('values.schema.json', () => {
  const validate = new Ajv({ allowUnionTypes: true }).compile(
    JSON.parse(read('deploy/helm/sluice/values.schema.json')),
  );
  const values = (): Record<string, Record<string, unknown>> => parse(read('deploy/helm/sluice/values.yaml'));

  it('takes the defaults', () => {
    expect([validate(values()), validate.errors]).toEqual([true, null]);
  });

  it.each<[string, (all: ReturnType<typeof values>) => void]>([
    ['an unknown key', (all) => (all['imagee'] = {})],
    [
      'a queue that does not exist',
      (all) => (all['workers'] = { main: { ...Object(all['workers']?.['main']), queues: ['compacts'] } }),
    ],
    [
      'a worker without limits',
      (all) => (all['workers'] = { main: { ...Object(all['workers']?.['main']), resources: {} } }),
    ],
    ['a secret by value', (all) => Object.assign(all, { env: [{ name: 'REDIS_URL', value: 'redis://secret' }] })],
    ['an autoscaler that does not exist', (all) => Object.assign(all['autoscaling']!, { mode: 'magic' })],
  ])('refuses %s', (_name, change) => {
    const all = values();
    change(all);
    expect(validate(all)).toBe(false);
  });
});
