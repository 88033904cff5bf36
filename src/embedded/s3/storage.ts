import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Bucket } from './bucket.js';
import { S3Fault, faults } from './fault.js';
import type { ObjectRecord } from './records.js';

/** One committed change of an object, as a notification tells it. */
export type StorageEvent =
  | { readonly kind: 'created'; readonly bucket: string; readonly seq: number; readonly object: ObjectRecord }
  | {
      readonly kind: 'removed';
      readonly bucket: string;
      readonly seq: number;
      readonly key: string;
      readonly atMs: number;
    };

/** All buckets of one folder. */
export class Storage {
  readonly #dir: string;
  readonly #isDurable: boolean;
  readonly #buckets = new Map<string, Bucket>();
  #seq = 0;
  /** Called in the same step as each commit, in order of commit. */
  onEvent: (event: StorageEvent) => void = () => {};

  constructor(dir: string, options: { readonly isDurable: boolean }) {
    this.#dir = join(dir, 'buckets');
    this.#isDurable = options.isDurable;
    mkdirSync(this.#dir, { recursive: true });
    for (const name of readdirSync(this.#dir)) {
      if (isBucketName(name)) this.#open(name);
      else rmSync(join(this.#dir, name), { recursive: true, force: true });
    }
  }

  get seq(): number {
    return this.#seq;
  }

  names(): string[] {
    return [...this.#buckets.keys()].sort();
  }

  has(name: string): boolean {
    return this.#buckets.has(name);
  }

  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw faults.noSuchBucket();
    return bucket;
  }

  create(name: string): void {
    if (!isBucketName(name)) throw new S3Fault(400, 'InvalidBucketName', 'The specified bucket is not valid.');
    if (!this.#buckets.has(name)) this.#open(name);
  }

  remove(name: string): void {
    const bucket = this.bucket(name);
    if (bucket.objects.size > 0)
      throw new S3Fault(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty');
    this.#buckets.delete(name);
    bucket.close();
    // A name that is no bucket's, so that a crash before the end of the removal leaves no half bucket.
    const doomed = join(this.#dir, `${name}~`);
    renameSync(join(this.#dir, name), doomed);
    rmSync(doomed, { recursive: true, force: true });
  }

  /** Puts an object under its key. Callers have checked the conditions in the same synchronous step. */
  put(bucket: Bucket, draft: Omit<ObjectRecord, 'seq'>, upload?: string): ObjectRecord {
    const object: ObjectRecord = { ...draft, seq: this.#seq + 1 };
    bucket.commit({ op: 'put', object, ...(upload === undefined ? {} : { upload }) });
    this.#seq = object.seq;
    this.onEvent({ kind: 'created', bucket: bucket.name, seq: object.seq, object });
    return object;
  }

  /** Deletes a key; true when there was something. */
  delete(bucket: Bucket, key: string, atMs: number): boolean {
    if (bucket.objects.get(key) === undefined) return false;
    const seq = this.#seq + 1;
    bucket.commit({ op: 'delete', key, seq });
    this.#seq = seq;
    this.onEvent({ kind: 'removed', bucket: bucket.name, seq, key, atMs });
    return true;
  }

  /** The objects that stand and were put after `seq`, oldest first: what a notifier that forgot its queue must tell. */
  createdAfter(
    seq: number,
    { limit, isWanted }: { readonly limit: number; readonly isWanted: (event: StorageEvent) => boolean },
  ): StorageEvent[] {
    const events: StorageEvent[] = [];
    for (const bucket of this.#buckets.values())
      for (const object of bucket.objects.values()) {
        const event = { kind: 'created' as const, bucket: bucket.name, seq: object.seq, object };
        if (object.seq > seq && isWanted(event)) events.push(event);
      }
    return events.sort((a, b) => a.seq - b.seq).slice(0, limit);
  }

  close(): void {
    for (const bucket of this.#buckets.values()) bucket.close();
  }

  #open(name: string): void {
    const bucket = new Bucket(join(this.#dir, name), { name, isDurable: this.#isDurable });
    this.#buckets.set(name, bucket);
    this.#seq = Math.max(this.#seq, bucket.seq);
  }
}

/** The rules of S3 for bucket names; they also keep a name from leaving the folder. */
function isBucketName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..');
}
