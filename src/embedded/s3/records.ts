import { z } from 'zod';
import { CHECKSUM_NAMES } from './checksums.js';

const pairs = z.array(z.tuple([z.string(), z.string()]).readonly()).readonly();
const checksums = z.partialRecord(z.enum(CHECKSUM_NAMES), z.string()).readonly();
const segment = z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/), size: z.int().min(0) }).readonly();
const attributes = {
  contentType: z.string(),
  /** Cache-Control and its like, answered as they came. */
  headers: pairs,
  /** x-amz-meta-*, without the prefix. */
  metadata: pairs,
  tags: pairs,
};

/** How an object came to be, in the words of the event's name. */
export const CREATED_BY = ['Put', 'Copy', 'CompleteMultipartUpload'] as const;

const objectRecord = z.strictObject({
  key: z.string(),
  /** Rises with every commit of the endpoint, over all buckets. */
  seq: z.int().min(1),
  createdBy: z.enum(CREATED_BY),
  /** The files that hold the bytes, in order: one, or one a part of a multipart upload. */
  segments: z.array(segment).readonly(),
  size: z.int().min(0),
  /** Without quotes. */
  eTag: z.string(),
  atMs: z.int(),
  checksums,
  ...attributes,
});

const partRecord = z.strictObject({ number: z.int(), segment, eTag: z.string(), atMs: z.int(), checksums });
const uploadRecord = z.strictObject({ id: z.string(), key: z.string(), atMs: z.int(), ...attributes });

/** One line of a bucket's journal. A line is a commit: what it says happened whole. */
export const journalLine = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('put'), object: objectRecord, upload: z.string().optional() }),
  z.strictObject({ op: z.literal('delete'), key: z.string(), seq: z.int() }),
  z.strictObject({ op: z.literal('tags'), key: z.string(), tags: pairs }),
  z.strictObject({ op: z.literal('upload'), upload: uploadRecord }),
  z.strictObject({ op: z.literal('part'), upload: z.string(), part: partRecord }),
  z.strictObject({ op: z.literal('abort'), upload: z.string() }),
  z.strictObject({ op: z.literal('notification'), xml: z.string() }),
  z.strictObject({ op: z.literal('seq'), seq: z.int() }),
]);

export type Segment = z.infer<typeof segment>;
export type ObjectRecord = Readonly<z.infer<typeof objectRecord>>;
export type PartRecord = Readonly<z.infer<typeof partRecord>>;
export type UploadRecord = Readonly<z.infer<typeof uploadRecord>>;
export type JournalLine = z.infer<typeof journalLine>;
/** What a request says of an object besides its bytes. */
export type Attributes = Pick<ObjectRecord, 'contentType' | 'headers' | 'metadata' | 'tags'>;
