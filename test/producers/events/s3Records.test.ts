import * as fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MAX_RECORDS, parseS3Records } from '../../../src/producers/events/s3Records.js';

const corpus = new URL('../../corpus/events/', import.meta.url);
const names = readdirSync(corpus).filter((name) => !name.endsWith('.expected.json'));

function record(object: object, rest: object = {}) {
  return { eventVersion: '2.1', eventName: 'ObjectCreated:Put', s3: { bucket: { name: 'lake' }, object }, ...rest };
}

function parse(...records: unknown[]) {
  return parseS3Records(JSON.stringify({ Records: records }));
}

const good = { key: 'a.csv', size: 1, eTag: 'e' };

describe('parseS3Records', () => {
  it.each(names)('reads %s as written down by hand', (name) => {
    const expected = JSON.parse(readFileSync(new URL(name.replace('.json', '.expected.json'), corpus), 'utf8'));
    expect(parseS3Records(readFileSync(new URL(name, corpus), 'utf8'))).toEqual(expected);
  });

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
    ['an invalid escape', { ...good, key: 'a%zz' }, 'object.key'],
    ['an escape of bytes that are no UTF-8', { ...good, key: '%ff' }, 'object.key'],
    ['half an escape', { ...good, key: 'a%2' }, 'object.key'],
    ['a NUL in a key', { ...good, key: 'a%00b' }, 'object.key'],
    ['half a surrogate pair', { ...good, key: 'a\ud800b' }, 'object.key'],
    ['an empty key', { ...good, key: '' }, 'object.key'],
    ['a key over 1,024 bytes', { ...good, key: 'é'.repeat(513) }, 'object.key'],
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
    ['', 'EVENT_MALFORMED'],
    ['{"Records":[', 'EVENT_MALFORMED'],
    ['null', 'EVENT_UNKNOWN'],
    ['[]', 'EVENT_UNKNOWN'],
    ['"Records"', 'EVENT_UNKNOWN'],
    ['{"Records":{}}', 'EVENT_UNKNOWN'],
    ['{"Message":"{}"}', 'EVENT_UNKNOWN'],
  ])('refuses %j as %s', (body, code) => {
    expect(parseS3Records(body)).toMatchObject({ kind: 'fault', code });
  });

  it('takes no prototype from a text', () => {
    const body = `{"Records":[{"__proto__":{"s3":{}},"eventName":"ObjectCreated:Put"}],"__proto__":{"polluted":1}}`;
    expect(parseS3Records(body)).toMatchObject({ kind: 'fault', message: expect.stringContaining('Records[0]') });
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('refuses 100,000 records, and nesting that no sender makes', () => {
    const many = parseS3Records(`{"Records":[${Array.from({ length: 100_000 }, () => '{}').join(',')}]}`);
    expect(many).toMatchObject({ kind: 'fault', message: `expected at most ${MAX_RECORDS} Records, got 100000` });
    expect(parseS3Records(`${'['.repeat(120_000)}${']'.repeat(120_000)}`)).toMatchObject({ kind: 'fault' });
    const nested = `{"Records":[{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`;
    expect(parseS3Records(nested)).toMatchObject({ kind: 'fault', message: expect.stringContaining('Records[0]') });
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

  it('answers any JSON and any text without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parse(value).kind).not.toBe('test');
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (body) => {
        expect(parseS3Records(body).kind).toBe('fault');
      }),
    );
  });

  it('quotes nothing of a body that is no JSON', () => {
    expect(JSON.stringify(parseS3Records('secret-token'))).not.toContain('secret');
  });
});
