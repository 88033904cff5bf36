import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Blobs } from './blobs.js';
import { faults } from './fault.js';
import { type Journal, openJournal, replayJournal, rewriteJournal } from './journal.js';
import type { JournalLine, ObjectRecord, PartRecord, Segment, UploadRecord } from './records.js';
import { SortedKeys } from './sortedKeys.js';

/** A multipart upload under way. */
export interface Upload {
  readonly record: UploadRecord;
  readonly parts: Map<number, PartRecord>;
}

/** What a writer demands of the object that stands under the key, at the moment of the commit. */
export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** Throws 412 (404 where If-Match meets nothing) unless the standing object satisfies the conditions. */
export function requireConditions(standing: ObjectRecord | undefined, { ifMatch, ifNoneMatch }: Conditions): void {
  if (ifNoneMatch !== undefined && standing !== undefined && matchesTag(ifNoneMatch, standing.eTag))
    throw faults.preconditionFailed();
  if (ifMatch === undefined) return;
  if (standing === undefined) throw faults.noSuchKey();
  if (!matchesTag(ifMatch, standing.eTag)) throw faults.preconditionFailed();
}

/** True when a header such as `*` or `"a", "b"` names this eTag (unquoted). */
export function matchesTag(header: string, eTag: string): boolean {
  return header.split(',').some((part) => {
    const tag = part
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return tag === '*' || tag === eTag;
  });
}

/**
 * One bucket: its objects and uploads in memory, its journal and files in a folder. Every change is one synchronous step
 * (check, append to the journal, change the memory), so no two requests can interleave inside it.
 */
export class Bucket {
  readonly name: string;
  readonly objects = new SortedKeys<ObjectRecord>();
  readonly uploads = new Map<string, Upload>();
  readonly blobs: Blobs;
  readonly #journal: Journal;
  readonly #isDurable: boolean;
  #notification = '';
  /** The highest sequence number that its journal has seen. */
  #seq = 0;

  constructor(dir: string, options: { readonly name: string; readonly isDurable: boolean }) {
    this.name = options.name;
    this.#isDurable = options.isDurable;
    mkdirSync(dir, { recursive: true });
    this.blobs = new Blobs(join(dir, 'blobs'), options);
    const file = join(dir, 'journal.jsonl');
    const { lines } = replayJournal(file, (line) => this.#apply(line));
    const standing = this.#standingLines();
    if (lines > 2 * standing.length + 1000) rewriteJournal(file, standing);
    this.blobs.sweep(this.#namedBlobs());
    this.#journal = openJournal(file);
  }

  get seq(): number {
    return this.#seq;
  }

  /** The body of the notification configuration that was put, as XML. */
  get notification(): string {
    return this.#notification;
  }

  requireObject(key: string): ObjectRecord {
    const object = this.objects.get(key);
    if (object === undefined) throw faults.noSuchKey();
    return object;
  }

  requireUpload(id: string | null, key: string): Upload {
    const upload = id === null ? undefined : this.uploads.get(id);
    if (upload === undefined || upload.record.key !== key) throw faults.noSuchUpload();
    return upload;
  }

  /** Appends a change and makes it so. Files that nothing names afterwards are dropped. */
  commit(line: JournalLine): void {
    this.#journal.append(line);
    this.blobs.drop(this.#apply(line));
  }

  /** To await before a change is answered for: with a durable store it is on the disk then. */
  async settle(): Promise<void> {
    if (this.#isDurable) await this.#journal.sync();
  }

  close(): void {
    this.#journal.close();
  }

  /** Changes the memory as the line says; returns the files that are no longer named. */
  #apply(line: JournalLine): readonly Segment[] {
    switch (line.op) {
      case 'put':
        return this.#applyPut(line.object, line.upload);
      case 'delete': {
        const old = this.objects.get(line.key);
        this.objects.delete(line.key);
        this.#seq = Math.max(this.#seq, line.seq);
        return old?.segments ?? [];
      }
      case 'tags': {
        const object = this.objects.get(line.key);
        if (object !== undefined) this.objects.set(line.key, { ...object, tags: line.tags });
        return [];
      }
      case 'upload':
        this.uploads.set(line.upload.id, { record: line.upload, parts: new Map() });
        return [];
      case 'part': {
        const parts = this.uploads.get(line.upload)?.parts;
        const old = parts?.get(line.part.number);
        parts?.set(line.part.number, line.part);
        return old === undefined ? [] : [old.segment];
      }
      case 'abort':
        return this.#endUpload(line.upload, new Set());
      case 'notification':
        this.#notification = line.xml;
        return [];
      case 'seq':
        this.#seq = Math.max(this.#seq, line.seq);
        return [];
    }
  }

  #applyPut(object: ObjectRecord, upload: string | undefined): readonly Segment[] {
    const old = this.objects.get(object.key);
    this.objects.set(object.key, object);
    this.#seq = Math.max(this.#seq, object.seq);
    const kept = new Set(object.segments.map((segment) => segment.id));
    return [...(old?.segments ?? []), ...(upload === undefined ? [] : this.#endUpload(upload, kept))];
  }

  #endUpload(id: string, kept: ReadonlySet<string>): readonly Segment[] {
    const parts = [...(this.uploads.get(id)?.parts.values() ?? [])];
    this.uploads.delete(id);
    return parts.map((part) => part.segment).filter((segment) => !kept.has(segment.id));
  }

  #standingLines(): JournalLine[] {
    const lines: JournalLine[] = [{ op: 'seq', seq: this.#seq }];
    if (this.#notification !== '') lines.push({ op: 'notification', xml: this.#notification });
    for (const object of this.objects.values()) lines.push({ op: 'put', object });
    for (const { record, parts } of this.uploads.values()) {
      lines.push({ op: 'upload', upload: record });
      for (const part of parts.values()) lines.push({ op: 'part', upload: record.id, part });
    }
    return lines;
  }

  #namedBlobs(): (id: string) => boolean {
    const named = new Set<string>();
    for (const object of this.objects.values()) for (const segment of object.segments) named.add(segment.id);
    for (const { parts } of this.uploads.values()) for (const part of parts.values()) named.add(part.segment.id);
    return (id) => named.has(id);
  }
}
