/** An OpenLineage RunEvent (spec 2-0-2), as JSON holds it. */
export interface RunEvent {
  readonly eventType: 'START' | 'COMPLETE' | 'FAIL' | 'ABORT';
  /** ISO 8601, UTC. */
  readonly eventTime: string;
  readonly producer: string;
  readonly schemaURL: string;
  readonly run: { readonly runId: string; readonly facets: Facets };
  readonly job: { readonly namespace: string; readonly name: string; readonly facets: Facets };
  readonly inputs: readonly LineageDataset[];
  readonly outputs: readonly LineageDataset[];
}

/** By name; each has `_producer` and `_schemaURL`. */
export type Facets = Readonly<Record<string, object>>;

/** A dataset in the words of OpenLineage: a prefix of a store, or a table. */
export interface LineageDataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets?: Facets;
  readonly inputFacets?: Facets;
  readonly outputFacets?: Facets;
}

/** Where events go. */
export interface LineageTransport {
  /** Sends one event; throws when it did not arrive within the timeout. */
  send(event: RunEvent): Promise<void>;
}

/** Emits events beside the work: never throws, never waits. */
export interface Lineage {
  /** Queues what `build` will make; drops it when the queue is full. */
  emit(build: () => RunEvent | Promise<RunEvent>): void;
  /** Events that were dropped, could not be built or could not be sent. */
  lost(): number;
  /** Sends what is queued, for a short time, then gives up. */
  close(): Promise<void>;
}
