import { z } from 'zod';
import type { ErrorCode } from '../../shared/errors.js';

/** More records than this in one notification are refused; S3 itself sends one, brokers a few hundred. */
export const MAX_RECORDS = 10_000;

/** A claim that an object exists, before it is routed to a dataset. The eTag carries no quotes. */
export interface Arrival {
  readonly bucket: string;
  readonly key: string;
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
  readonly versionId?: string;
  readonly sequencer?: string;
}

/** A record that a named rule sets aside: it never becomes work, and is counted by its rule. */
export interface IgnoredRecord {
  readonly rule: IgnoreRule;
  readonly bucket: string;
  readonly key: string;
}

/**
 * `removal`: the object is gone. `metadata`: tags or locks changed, not bytes. `unfinished`: an upload has begun and has no eTag yet
 * (Ceph). `event`: about an object that arrived before (restored, replicated, moved to another storage class).
 */
export type IgnoreRule = 'removal' | 'metadata' | 'unfinished' | 'event';

/** What a text from outside is: arrivals, S3's greeting when notifications are switched on, or a fault that names its place. */
export type ParsedEvents =
  | { readonly kind: 'arrivals'; readonly arrivals: readonly Arrival[]; readonly ignored: readonly IgnoredRecord[] }
  | { readonly kind: 'test' }
  | Fault;

export interface Fault {
  readonly kind: 'fault';
  readonly code: ErrorCode;
  readonly message: string;
}

/** One record of a notification, read. */
export type ReadRecord =
  | Fault
  | { readonly kind: 'arrival'; readonly arrival: Arrival }
  | { readonly kind: 'ignored'; readonly ignored: IgnoredRecord };

/** A short text without control characters: names, tags, versions. */
export const shortText = z
  .string()
  .max(1024)
  .refine((value) => !/[\p{Cc}\p{Cs}]/u.test(value), { message: 'expected no control characters' });

/** A size as senders write it: a number, or text (Ceph); left out for an empty object (MinIO). */
export const sizeField = z
  .union([
    z.int().min(0),
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
  ])
  .default(0);

/** Reads a body as JSON. Pure; the fault quotes nothing of the body, which belongs in no log. */
export function parseJson(body: string): Fault | { readonly kind: 'json'; readonly value: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return { kind: 'json', value };
  } catch {
    const got = body.length === 0 ? 'nothing' : `${body.length} characters that are none`;
    return fault('EVENT_NOT_JSON', `expected JSON, got ${got}`);
  }
}

/** What a record says, in the ledger's words: without the quotes of its eTag and the names that mean no version. */
export function toArrival(
  place: { readonly bucket: string; readonly key: string },
  said: {
    readonly eTag: string;
    readonly size: number;
    readonly versionId?: string | null | undefined;
    readonly sequencer?: string | null | undefined;
  },
): Arrival {
  const { eTag, size, versionId, sequencer } = said;
  // Written out: spreading into one literal costs more than all the rest of a record's reading.
  const arrival = { bucket: place.bucket, key: place.key, eTag, size };
  // `null` is S3's name for the version of an object in a bucket without versioning.
  const versioned = versionId && versionId !== 'null' ? { ...arrival, versionId } : arrival;
  return sequencer ? { ...versioned, sequencer } : versioned;
}

/** An eTag as headers carry it, without its quotes. */
export function unquote(eTag: string | null | undefined): string {
  return (eTag ?? '').replace(/^"(.*)"$/, '$1');
}

/** The first issue of a schema, with its place. */
export function malformed(error: z.ZodError, place: string): Fault {
  const issue = error.issues[0];
  const path = [place, ...(issue?.path ?? []).map(String)].filter((part) => part !== '').join('.');
  return fault('EVENT_MALFORMED', `${path}: ${issue?.message ?? 'expected a record of version 2.x'}`);
}

export function fault(code: ErrorCode, message: string): Fault {
  return { kind: 'fault', code, message };
}

/** A value from outside, by its kind and without its content. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object without it' : `a ${typeof value}`;
}
