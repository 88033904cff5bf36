import { createHash } from 'node:crypto';
import {
  type Attributes,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import type { BatchId, ObjectId } from '../ids.js';

/** A piece of work that is over, in the story of one object or one batch. */
export interface Span {
  /** Whose story. Its trace id is this id: 16 bytes, so every process knows it, also after Redis lost its jobs. */
  readonly of: ObjectId | BatchId;
  readonly name: string;
  /** The first of the story: the others are its children. */
  readonly isRoot?: boolean;
  /** Ms since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes?: Attributes;
  /** Other stories that belong to it; at most 128 are kept. */
  readonly links?: readonly (ObjectId | BatchId)[];
  /** Why it failed. */
  readonly error?: string;
}

/** Ids that the next span must have; the SDK asks for them while it makes the span. */
const wanted: { traceId?: string; spanId?: string } = {};
let tracer: Tracer | undefined;

/** Says that a piece of work is over; costs nothing where no exporter is configured. Never throws, never waits. */
export function tellSpan({ of, name, isRoot = false, startMs, endMs, attributes = {}, links = [], error }: Span): void {
  if (tracer === undefined) return;
  const traceId = traceOf(of);
  if (isRoot) Object.assign(wanted, { traceId, spanId: rootOf(traceId) });
  const parent = isRoot ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(traceId));
  const options = {
    kind: isRoot ? SpanKind.SERVER : SpanKind.CONSUMER,
    startTime: startMs,
    attributes,
    links: links.slice(0, 128).map((id) => ({ context: contextOf(traceOf(id)) })),
    root: isRoot,
  };
  const span = tracer.startSpan(name, options, parent);
  delete wanted.traceId;
  delete wanted.spanId;
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
  span.end(endMs);
}

/** True where spans go somewhere: what makes them from many objects asks first. */
export function isTracing(): boolean {
  return tracer !== undefined;
}

/**
 * Starts sending spans by OTLP over HTTP, where OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT names a collector; the
 * SDK's other variables (headers, timeout, resource attributes) hold. OTEL_TRACES_SAMPLER_ARG is the share of stories that are told
 * (default 1); the id decides, so all processes tell the same ones. The SDK is loaded only then. `close` sends what is left.
 */
export async function openTracing(
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ close(): Promise<void> }> {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (endpoint === undefined || endpoint === '' || env['OTEL_SDK_DISABLED'] === 'true')
    return { close: async () => {} };
  const [sdk, { OTLPTraceExporter }, { defaultResource, resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const { BatchSpanProcessor, NodeTracerProvider, RandomIdGenerator, TraceIdRatioBasedSampler } = sdk;
  const named = resourceFromAttributes({ 'service.name': env['OTEL_SERVICE_NAME'] ?? 'sluice' });
  const random = new RandomIdGenerator();
  const provider = new NodeTracerProvider({
    resource: defaultResource().merge(named),
    // Not by the parent: a child's story is told or not by the same id.
    sampler: new TraceIdRatioBasedSampler(Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? '1')),
    idGenerator: {
      generateTraceId: () => wanted.traceId ?? random.generateTraceId(),
      generateSpanId: () => wanted.spanId ?? random.generateSpanId(),
    },
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  tracer = provider.getTracer('sluice');
  return {
    close: async () => {
      tracer = undefined;
      await provider.shutdown();
    },
  };
}

/** The trace of an object or a batch. */
export function traceOf(id: string): string {
  return id.replaceAll('-', '');
}

function rootOf(traceId: string): string {
  return createHash('sha256').update(`root ${traceId}`).digest('hex').slice(0, 16);
}

function contextOf(traceId: string) {
  return { traceId, spanId: rootOf(traceId), traceFlags: TraceFlags.SAMPLED, isRemote: true };
}
