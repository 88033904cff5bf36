import { describe, expect, it } from 'vitest';
import { MAX_RECORDS } from '../../../src/producers/events/arrival.js';
import { parseEvents, parseQueueBody } from '../../../src/producers/events/parseEvents.js';
import { parseSnsEnvelope } from '../../../src/producers/events/snsEnvelope.js';
import { fc } from '../../support/fc.js';

function record(object: object, rest: object = {}) {
  return { eventVersion: '2.1', eventName: 'ObjectCreated:Put', s3: { bucket: { name: 'lake' }, object }, ...rest };
}

function parse(...records: unknown[]) {
  return parseEvents(JSON.stringify({ Records: records }));
}

function bridge(object: object) {
  const detail = { bucket: { name: 'lake' }, object };
  return JSON.stringify({ source: 'aws.s3', 'detail-type': 'Object Created', detail });
}

const good = { key: 'a.csv', size: 1, eTag: 'e' };

describe('parseEvents', () => {
  it.each([
    ['an eTag in quotes', { ...good, eTag: '"abc-2"' }, { eTag: 'abc-2' }],
    ['a size as text', { ...good, size: '1024' }, { size: 1024 }],
    ['no size, of an empty object', { key: 'a.csv', eTag: 'e' }, { size: 0 }],
    ['a plus sign as a space', { ...good, key: 'a+b%2Bc.csv' }, { key: 'a b+c.csv' }],
    ['UTF-8 in escapes', { ...good, key: 'caf%C3%A9/%F0%9F%A6%86.csv' }, { key: 'café/🦆.csv' }],
    ['UTF-8 as it is', { ...good, key: 'café.csv' }, { key: 'café.csv' }],
    ['a line break in a key', { ...good, key: 'a%0Ab' }, { key: 'a\nb' }],
    ['the key __proto__', { ...good, key: '__proto__' }, { key: '__proto__' }],
  ])('takes %s', (_name, object, expected) => {
    expect(parse(record(object))).toMatchObject({ kind: 'arrivals', arrivals: [expected], ignored: [] });
  });

  it.each(['', 'null', null])('leaves the version %j out, which names none', (versionId) => {
    const parsed = parse(record({ ...good, versionId }));
    expect(parsed).toEqual({ kind: 'arrivals', arrivals: [{ bucket: 'lake', ...good }], ignored: [] });
  });

  it.each([
    ['ObjectRemoved:Delete', 'removal'],
    ['s3:ObjectRemoved:DeleteMarkerCreated', 'removal'],
    ['LifecycleExpiration:Delete', 'removal'],
    ['s3:ObjectCreated:DeleteTagging', 'metadata'],
    ['ObjectAcl:Put', 'metadata'],
    ['s3:ObjectRestore:Post', 'event'],
    ['ObjectCreatedOddly', 'event'],
  ])('sets %s aside by the rule %s', (eventName, rule) => {
    expect(parse(record({ key: 'a%20b' }, { eventName }))).toEqual({
      kind: 'arrivals',
      arrivals: [],
      ignored: [{ rule, bucket: 'lake', key: 'a b' }],
    });
  });

  it('sets a multipart upload that has only begun aside', () => {
    const parsed = parse(record({ key: 'a', size: 0, eTag: '' }, { eventName: 'ObjectCreated:Post' }));
    expect(parsed).toMatchObject({ arrivals: [], ignored: [{ rule: 'unfinished' }] });
  });

  it.each([
    ['an invalid escape', { ...good, key: 'a%zz' }],
    ['an escape of bytes that are no UTF-8', { ...good, key: '%ff' }],
    ['half an escape', { ...good, key: 'a%2' }],
    ['a NUL in a key', { ...good, key: 'a%00b' }],
    ['half a surrogate pair', { ...good, key: 'a\ud800b' }],
    ['a key over 1,024 bytes', { ...good, key: 'é'.repeat(513) }],
  ])('names %s and the place of its record', (_name, object) => {
    const parsed = parse(record(good), record(object));
    expect(parsed).toMatchObject({ kind: 'fault', code: 'EVENT_KEY' });
    expect(parsed).toHaveProperty('message', expect.stringContaining('Records[1].s3.object.key'));
  });

  it.each([
    ['an empty key', { ...good, key: '' }, 'object.key'],
    ['a key that is a number', { ...good, key: 7 }, 'object.key'],
    ['no eTag', { key: 'a', size: 1 }, 'object.eTag'],
    ['an eTag of quotes alone', { ...good, eTag: '""' }, 'object.eTag'],
    ['an eTag with a NUL', { ...good, eTag: 'a\0' }, 'object.eTag'],
    ['a negative size', { ...good, size: -1 }, 'object.size'],
    ['half a byte', { ...good, size: 0.5 }, 'object.size'],
    ['a size as other text', { ...good, size: '1e3' }, 'object.size'],
    ['a size beyond exact numbers', { ...good, size: 2 ** 60 }, 'object.size'],
    ['a version that is an object', { ...good, versionId: {} }, 'object.versionId'],
  ])('names %s and the place of its record', (_name, object, place) => {
    const parsed = parse(record(good), record(object));
    expect(parsed).toMatchObject({ kind: 'fault', code: 'EVENT_MALFORMED' });
    expect(parsed).toHaveProperty('message', expect.stringContaining(`Records[1].s3.${place}`));
  });

  it.each([
    ['no s3', { eventName: 'ObjectCreated:Put' }],
    ['s3 as text', { eventName: 'ObjectCreated:Put', s3: 'x' }],
    ['null', null],
    ['another major version', record(good, { eventVersion: '3.0' })],
    ['no event name', record(good, { eventName: undefined })],
    ['a bucket that is an array', { eventName: 'ObjectCreated:Put', s3: { bucket: [], object: good } }],
  ])('refuses a record with %s', (_name, bad) => {
    expect(parse(bad)).toMatchObject({ kind: 'fault', message: expect.stringContaining('Records[0]') });
  });

  it.each([
    ['', 'EVENT_NOT_JSON'],
    ['{"Records":[', 'EVENT_NOT_JSON'],
    ['{"source":"aws.ec2","detail-type":"Object Created","detail":{}}', 'EVENT_UNKNOWN'],
    ['{"source":"aws.s3","detail-type":"Object Created","detail":{}}', 'EVENT_MALFORMED'],
    [bridge({ key: 'a' }), 'EVENT_MALFORMED'],
    [bridge({ key: '', etag: 'e' }), 'EVENT_KEY'],
    [bridge({ key: 'a\0b', etag: 'e' }), 'EVENT_KEY'],
    [bridge({ key: 'é'.repeat(513), etag: 'e' }), 'EVENT_KEY'],
    [bridge({ key: ['a'], etag: 'e' }), 'EVENT_MALFORMED'],
    ['null', 'EVENT_UNKNOWN'],
    ['[]', 'EVENT_UNKNOWN'],
    ['"Records"', 'EVENT_UNKNOWN'],
    ['{"Records":{}}', 'EVENT_UNKNOWN'],
    ['{"Message":"{}"}', 'EVENT_UNKNOWN'],
  ])('refuses %j as %s', (body, code) => {
    expect(parseEvents(body)).toMatchObject({ kind: 'fault', code });
  });

  it('takes no prototype from a text', () => {
    const body = `{"Records":[{"__proto__":{"s3":{}},"eventName":"ObjectCreated:Put"}],"__proto__":{"polluted":1}}`;
    expect(parseEvents(body)).toMatchObject({ kind: 'fault', message: expect.stringContaining('Records[0]') });
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('refuses 100,000 records, and nesting that no sender makes', () => {
    const many = parseEvents(`{"Records":[${Array.from({ length: 100_000 }, () => '{}').join(',')}]}`);
    expect(many).toMatchObject({
      kind: 'fault',
      code: 'EVENT_TOO_MANY',
      message: `expected at most ${MAX_RECORDS} Records, got 100000`,
    });
    expect(parseEvents(`${'['.repeat(120_000)}${']'.repeat(120_000)}`)).toMatchObject({ kind: 'fault' });
    const nested = `{"Records":[{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`;
    expect(parseEvents(nested)).toMatchObject({ kind: 'fault', message: expect.stringContaining('Records[0]') });
  });

  it('gives every key back as it was before it was form-encoded', () => {
    const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(key, { maxLength: 5 }), (keys) => {
        const encoded = keys.map((name) => encodeURIComponent(name).replaceAll('%20', '+'));
        const parsed = parse(...encoded.map((name) => record({ ...good, key: name })));
        expect(parsed).toMatchObject({ kind: 'arrivals', arrivals: keys.map((name) => ({ key: name })) });
      }),
    );
  });

  it('gives every key of EventBridge back as it stands', () => {
    const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(key, (name) => {
        expect(parseEvents(bridge({ key: name, etag: 'e' }))).toMatchObject({ arrivals: [{ key: name, size: 0 }] });
      }),
    );
  });

  it('answers any JSON and any text without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parse(value).kind).not.toBe('test');
        for (const shape of [
          value,
          { source: 'aws.s3', 'detail-type': 'Object Created', detail: value },
          { Type: 'Notification', TopicArn: 'arn:aws:sns:eu-west-1:123456789012:t', Message: value },
          { Type: 'Notification', TopicArn: 'arn:aws:sns:eu-west-1:123456789012:t', Message: JSON.stringify(value) },
        ]) {
          const body = JSON.stringify(shape);
          expect(['arrivals', 'test', 'fault']).toContain(parseEvents(body).kind);
          expect(['arrivals', 'test', 'fault']).toContain(parseQueueBody(body).kind);
          expect(['envelope', 'fault']).toContain(parseSnsEnvelope(body).kind);
        }
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (body) => {
        expect(parseEvents(body).kind).toBe('fault');
        expect(parseQueueBody(body).kind).toBe('fault');
        expect(parseSnsEnvelope(body).kind).toBe('fault');
      }),
    );
  });

  it('quotes nothing of a body that is no JSON', () => {
    expect(JSON.stringify(parseEvents('secret-token'))).not.toContain('secret');
  });
});
