import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exportOdcs } from '../../../../src/shared/findings/odcs/exportOdcs.js';
import { type Checks, checksSchema, importOdcs } from '../../../../src/shared/findings/odcs/importOdcs.js';
import { fc } from '../../../support/fc.js';

const corpus = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../corpus/odcs/${name}`, import.meta.url)), 'utf8');
const ajv = new Ajv2019({ strict: false, allErrors: true });
formats.default(ajv);
const isStrict = ajv.compile(JSON.parse(corpus('odcs-json-schema-v3.1.0.json')));

function faultsOf(contract: unknown): string[] {
  return isStrict(contract)
    ? []
    : (isStrict.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const contract = (schema: object, more: object = {}) => ({
  apiVersion: 'v3.1.0',
  kind: 'DataContract',
  id: 'x',
  version: '1',
  status: 'active',
  schema: [schema],
  ...more,
});

const limit = fc.nat({ max: 100 });
const name = fc.option(fc.stringMatching(/^[a-z]{1,8}$/), { nil: undefined });
const thresholds = fc.record({ warn: limit, fail: limit.map((n) => n + 100) }, { requiredKeys: [] });
const common = fc.record({ name, onFail: fc.option(fc.constantFrom('hold', 'warn'), { nil: undefined }) });
const operator = fc.oneof(
  fc
    .constantFrom('mustBe', 'mustNotBe', 'mustBeGreaterThan', 'mustBeLessOrEqualTo')
    .chain((key) => limit.map((n) => ({ [key]: n }))),
  fc.tuple(limit, limit).map(([low, width]) => ({ mustBeBetween: [low, low + width] })),
);
const unit = fc.record({ unit: fc.constantFrom('rows', 'percent') }, { requiredKeys: [] });
const merged = (...parts: fc.Arbitrary<object>[]) => fc.tuple(...parts).map((all) => Object.assign({}, ...all));
const columnCheck = fc.oneof(
  fc.constantFrom('required', 'unique'),
  merged(
    fc.constantFrom({ references: { dataset: 'b', column: 'id' } }, { references: { dataset: 'b', column: 'the id' } }),
    thresholds,
    common,
  ),
  merged(
    fc.constantFrom({ acceptedValues: ['a', 1] }, { range: { min: 0 } }, { pattern: '^x' }, { expr: 'a > 0' }),
    thresholds,
    common,
  ),
  merged(
    fc.constantFrom({ metric: 'nullValues' }, { metric: 'invalidValues', arguments: { validValues: ['a'] } }),
    operator,
    unit,
    common,
  ),
  merged(fc.constant({ metric: 'missingValues', arguments: { missingValues: ['', null] } }), thresholds, common),
);
const tableCheck = fc.oneof(
  merged(fc.constant({ metric: 'rowCount' }), operator, common),
  fc.constant({ metric: 'freshness', column: 'at', warn: '24h' }),
  merged(fc.constant({ unique: ['a', 'b'] }), common),
  merged(fc.constant({ metric: 'duplicateValues', arguments: { properties: ['a'] } }), operator, common),
  merged(
    fc.constantFrom(
      { references: { dataset: 'regions', columns: { land: 'country', code: 'code' } } },
      { references: { dataset: 'regions', columns: { 'the land': 'country', code: 'code' } } },
    ),
    common,
  ),
);
const columns = fc.dictionary(
  fc.stringMatching(/^[a-zA-Z "ä😀.]{1,10}$/u).filter((key) => key !== '__proto__'),
  fc.record({
    checks: fc.uniqueArray(columnCheck, { selector: (check) => JSON.stringify(check), minLength: 1, maxLength: 4 }),
  }),
  { maxKeys: 4 },
);
const datasets = fc
  .record({ columns, checks: fc.array(tableCheck, { maxLength: 3 }) })
  .map((checks) => checksSchema.safeParse(JSON.parse(JSON.stringify(checks))))
  .filter(({ success }) => success)
  .map(({ data }) => data as Checks);

/** The short words have a place of their own in a contract and come first again. */
function inOrder({ columns: all, checks }: Checks) {
  const sorted = Object.entries(all).map(([column, { checks: own, ...rest }]) => {
    const words = ['required', 'unique'].filter((word) => own.some((check) => check === word));
    return [column, { ...rest, checks: [...words, ...own.filter((check) => typeof check !== 'string')] }];
  });
  const isLink = (check: Checks['checks'][number]) =>
    Object.keys(check).length === 1 && check.references !== undefined && !('the land' in check.references.columns);
  const links = checks.filter(isLink);
  return { columns: Object.fromEntries(sorted), checks: [...links, ...checks.filter((check) => !isLink(check))] };
}

describe('an exported contract', () => {
  it('is strict ODCS v3.1.0, and its import gives the same checks, nothing left', () => {
    fc.assert(
      fc.property(datasets, (dataset) => {
        const exported = exportOdcs({ name: 'orders', hash: 'abc', ...dataset });
        expect(faultsOf(exported)).toEqual([]);
        const { notTaken, ...checks } = importOdcs(JSON.parse(JSON.stringify(exported)));
        expect(checks).toEqual(inOrder(dataset));
        expect(notTaken).toEqual([]);
      }),
    );
  });

  it('says in the words of the standard what it has words for', () => {
    const checks = checksSchema.parse({
      columns: {
        id: { checks: ['required', 'unique'] },
        amount: {
          checks: [
            { metric: 'nullValues', unit: 'percent', mustBeLessThan: 5, onFail: 'warn' },
            { expr: 'amount > 0' },
          ],
        },
      },
      checks: [{ metric: 'rowCount', mustBeBetween: [1, 5] }],
    });
    expect(exportOdcs({ name: 'orders', hash: 'abc', ...checks })['schema']).toEqual([
      {
        name: 'orders',
        properties: [
          { name: 'id', required: true, unique: true },
          {
            name: 'amount',
            quality: [
              { type: 'library', metric: 'nullValues', unit: 'percent', mustBeLessThan: 5, severity: 'warning' },
              { type: 'custom', engine: 'sluice', implementation: { expr: 'amount > 0' } },
            ],
          },
        ],
        quality: [{ type: 'library', metric: 'rowCount', mustBeBetween: [1, 5] }],
      },
    ]);
  });
});

describe('an imported contract', () => {
  it.each([
    [
      'column-completeness',
      { UniqueID: ['required', 'unique', { metric: 'nullValues', mustBe: 0, onFail: 'hold' }] },
      undefined,
    ],
    ['column-accuracy', {}, 'DataValue.quality[0]: a check of type sql is not executed'],
    ['column-custom', { UniqueID: ['required', 'unique'] }, 'UniqueID.quality[1]: a check of soda is not executed'],
    [
      'column-validity',
      {
        air_quality_status: [
          'required',
          'unique',
          {
            metric: 'invalidValues',
            arguments: { validValues: ['', 'n/a'] },
            unit: 'percent',
            mustBeLessOrEqualTo: 5,
            onFail: 'hold',
          },
        ],
      },
      'air_quality_status.quality[0].arguments.validValues: NULL is never an invalid value here',
    ],
  ])('of the published examples: %s', (file, expected, left) => {
    const { columns: taken, notTaken } = importOdcs(parse(corpus(`${file}.odcs.yaml`)));
    expect(Object.fromEntries(Object.entries(taken).map(([column, { checks }]) => [column, checks]))).toEqual(expected);
    const told = notTaken.map(({ path, why }) => `${path}: ${why}`);
    if (left !== undefined) expect(told).toContain(`schema.Air_Quality.${left}`);
    expect(told).toContain('schema.Air_Quality.description: Sluice has no use for it');
  });

  it('takes keys, limits and latency, and names all that it does not act on', () => {
    const schema = {
      name: 'orders',
      description: 'd',
      properties: [
        { name: 'a', primaryKey: true, primaryKeyPosition: 2, physicalType: 'INT' },
        { name: 'b', physicalName: 'bb', primaryKey: true, primaryKeyPosition: 1 },
        {
          name: 'c',
          logicalType: 'integer',
          logicalTypeOptions: { minimum: 0, exclusiveMaximum: 9, multipleOf: 3, format: 'i32' },
        },
        {
          name: 'd',
          logicalType: 'string',
          logicalTypeOptions: { minLength: 1, maxLength: 3, pattern: '^x', format: 'email' },
        },
        { name: 'e', quality: [{ type: 'sql', query: 'select 1', mustBe: 0 }] },
      ],
    };
    const sla = [
      { property: 'latency', value: 4, unit: 'd', element: 'orders.at' },
      { property: 'retention', value: 3, unit: 'y' },
    ];
    const document = contract(schema, { slaProperties: sla, team: { name: 'x' } });
    expect(faultsOf(document)).toEqual([]);
    const { notTaken, ...checks } = importOdcs(document);
    expect(checks).toEqual({
      columns: {
        a: { checks: ['required'] },
        bb: { checks: ['required'] },
        c: { checks: [{ range: { min: 0 } }, { expr: '"c" < 9' }, { expr: '"c" % 3 = 0' }] },
        d: { checks: [{ format: 'email' }, { length: { min: 1, max: 3 } }, { pattern: '^x' }] },
      },
      checks: [{ unique: ['bb', 'a'] }, { metric: 'freshness', column: 'at', fail: '4d' }],
    });
    expect(notTaken.map(({ path }) => path).sort()).toEqual([
      'schema.orders.a.physicalType',
      'schema.orders.c.logicalTypeOptions.format',
      'schema.orders.description',
      'schema.orders.e.quality[0]',
      'slaProperties[1]',
      'team',
    ]);
  });

  it('takes a link of several columns by their names, and names one that it cannot follow', () => {
    const relationships = [
      { from: ['orders.land', 'orders.b'], to: ['regions.country', 'regions.code'] },
      { from: ['orders.a', 'orders.b'], to: ['regions.country', 'others.code'] },
      { from: ['orders.a', 'orders.b'], to: ['regions.country'] },
      { from: 'orders.a', to: 'regions.country' },
      { from: 'schema/a/properties/b', to: 'schema/b/properties/c' },
      { from: ['orders.c', 'orders.c'], to: ['regions.country', 'regions.code'] },
    ];
    const properties = [{ name: 'land', physicalName: 'LAND_CODE' }];
    const document = contract({ name: 'orders', properties, relationships });
    expect(importOdcs(document)).toMatchObject({
      checks: [
        { references: { dataset: 'regions', columns: { LAND_CODE: 'country', b: 'code' } } },
        { references: { dataset: 'regions', columns: { a: 'country' } } },
      ],
      notTaken: [1, 2, 4, 5].map((at) => ({ path: `schema.orders.relationships[${at}]` })),
    });
  });

  it('is refused with every unknown key, metric and argument', () => {
    const bad = contract({ name: 't', quallity: [], properties: [{ name: 'a', requierd: true }] }, { schemas: [] });
    expect(() => importOdcs(bad)).toThrow(/quallity[\s\S]*requierd|requierd[\s\S]*quallity/);
    expect(() => importOdcs(bad)).toThrow(/schemas/);
    const metric = { metric: 'freshnes', mustBe: 0 };
    expect(() => importOdcs(contract({ name: 't', quality: [metric] }))).toThrow(/freshnes/);
    const unknown = { metric: 'nullValues', arguments: { wat: 1 }, mustBe: 0 };
    expect(() => importOdcs(contract({ name: 't', properties: [{ name: 'a', quality: [unknown] }] }))).toThrow(/wat/);
    expect(() =>
      importOdcs(contract({ name: 't', quality: [{ type: 'library', rule: 'rowCount', mustBe: 1 }] })),
    ).toThrow(/deprecated/);
  });

  it.each([
    ['', []],
    ['with faults of its own', ['bogus: expected a known key', 'schema[0].properties[1].required: expected']],
  ])('is refused with every check that is none, each at its place in the contract %s', (_, own) => {
    const quality = [
      { rule: 'nullCheck' },
      { metric: 'bogus', mustBe: 0 },
      { metric: 'nullValues' },
      { metric: 'nullValues', mustBe: 0 },
      { metric: 'nullValues', mustBe: 0, mustNotBe: 1 },
      { type: 'custom', engine: 'sluice' },
      { type: 'custom', engine: 'sluice', implementation: { nope: 1 } },
    ];
    const sick = own.length > 0;
    const properties = [
      { name: 'a', quality },
      { name: 'b', ...(sick ? { required: 'maybe' } : {}) },
    ];
    const schema = { name: 'orders', properties, quality: [{ metric: 'freshness', mustBe: 0 }] };
    let message = '';
    try {
      importOdcs(contract(schema, sick ? { bogus: 1 } : {}));
    } catch (error) {
      message = String(error);
    }
    const [place, table] = sick ? ['schema[0].properties[0]', 'schema[0]'] : ['schema.orders.a', 'schema.orders'];
    const wanted = [
      ...own,
      `${place}.quality[0]: expected a metric, got the deprecated rule nullCheck`,
      `${place}.quality[1].metric: expected one of nullValues`,
      `${place}.quality[2]: expected a bound beside metric`,
      `${place}.quality[4]: expected one operator`,
      `${place}.quality[5].implementation: expected`,
      `${place}.quality[6].implementation.nope: expected a known key`,
      `${table}.quality[0].column: expected the column`,
    ];
    for (const fault of wanted) expect(message).toContain(fault);
    expect(message).not.toContain('quality[3]');
  });

  it('with several objects wants one to be chosen', () => {
    const document = { ...contract({ name: 'a', quality: [{ metric: 'rowCount', mustBe: 1 }] }) };
    const two = { ...document, schema: [...document.schema, { name: 'b', physicalName: 'b_1' }] };
    expect(() => importOdcs(two)).toThrow(/a, b/);
    expect(importOdcs(two, { object: 'b_1' })).toMatchObject({ checks: [], notTaken: [{ path: 'schema.a' }] });
  });
});
