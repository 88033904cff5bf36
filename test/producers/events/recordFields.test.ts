import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readUsual, recordSchema } from '../../../src/producers/events/recordFields.js';

const usual = {
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  eventName: 'ObjectCreated:Put',
  s3: {
    bucket: { name: 'lake', arn: 'arn:aws:s3:::lake' },
    object: { key: 'raw/a%20b.csv', size: 7, eTag: '"0cc1"', versionId: 'v1', sequencer: '00' },
  },
};

/** A value that a field may have, or should not. */
const TEXTS = ['', 'text', 'ünï', 'a\nb', '\ud800', 'x'.repeat(1025), '2.1', '2.', '3.0', '7'];
const NUMBERS = [7, -1, 1.5, 2 ** 53, Number.NaN];
const VALUES: readonly unknown[] = [...TEXTS, ...NUMBERS, undefined, null, true, [], {}, [{}], { name: 'lake' }];

const FIELDS = ['eventVersion', 'eventName', 's3', 'name', 'key', 'size', 'eTag', 'versionId', 'sequencer'] as const;

/** Records of which one or two fields have another value, or are left out (undefined). */
const records = fc
  .array(fc.tuple(fc.constantFrom(...FIELDS), fc.constantFrom(...VALUES)), { minLength: 1, maxLength: 2 })
  .map((changes) => {
    const { eventVersion, eventName, s3, name, ...object }: Record<string, unknown> = {
      eventVersion: usual.eventVersion,
      eventName: usual.eventName,
      name: 'lake',
      ...usual.s3.object,
      ...Object.fromEntries(changes),
    };
    return { ...usual, eventVersion, eventName, s3: s3 ?? { bucket: { name }, object } };
  });

test('what is read without the schema, the schema reads the same', () => {
  let read = 0;
  fc.assert(
    fc.property(records, (record) => {
      const fields = readUsual(record);
      if (fields === undefined) return;
      read += 1;
      const { eventName, s3 } = recordSchema.parse(record);
      expect(fields).toEqual({ eventName, bucket: s3.bucket.name, ...s3.object });
    }),
    { numRuns: 3000, seed: 7 },
  );
  expect(read).toBeGreaterThan(100);
});

test('a record as AWS writes it is read without the schema', () => {
  expect(readUsual(usual)).toEqual({
    eventName: 'ObjectCreated:Put',
    bucket: 'lake',
    key: 'raw/a%20b.csv',
    size: 7,
    eTag: '"0cc1"',
    versionId: 'v1',
    sequencer: '00',
  });
});

test.each([null, 'text', [], {}, { ...usual, s3: [] }, { ...usual, eventVersion: undefined }])(
  'whatever else comes is left to the schema: %j',
  (record) => expect(readUsual(record)).toBeUndefined(),
);
