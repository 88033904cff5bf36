import { z } from 'zod';

/** Parts of the standard that Sluice does not act on: their names are known, their content is not read. */
const unread = z.unknown().optional();

/** Keys that every element of a schema may have. */
const element = {
  id: unread,
  name: z.string().min(1),
  physicalName: z.string().min(1).optional(),
  physicalType: unread,
  logicalType: z.string().optional(),
  description: unread,
  businessName: unread,
  authoritativeDefinitions: unread,
  tags: unread,
  customProperties: unread,
};

const number = z.number().optional();
const pair = z.tuple([z.number(), z.number()]).optional();
const scalar = z.union([z.number(), z.string(), z.boolean()]).optional();

const ends = z.union([z.string(), z.array(z.string())]);

/** A link of a property; Sluice takes those to one column of another object, as `customers.id`. */
const relationshipSchema = z.strictObject({
  type: z.literal('foreignKey').optional(),
  from: unread,
  to: ends,
  customProperties: unread,
});

/** A link of several properties together. */
const keyRelationshipSchema = relationshipSchema.extend({ from: ends });
export type KeyRelationship = z.infer<typeof keyRelationshipSchema>;

/** One entry of `quality`. */
export const qualitySchema = z.strictObject({
  id: unread,
  name: z.string().optional(),
  description: unread,
  dimension: unread,
  businessImpact: unread,
  method: unread,
  schedule: unread,
  scheduler: unread,
  tags: unread,
  authoritativeDefinitions: unread,
  customProperties: unread,
  severity: z.string().optional(),
  type: z.enum(['text', 'library', 'sql', 'custom']).optional(),
  unit: z.string().optional(),
  metric: z.string().optional(),
  /** Deprecated by the standard. */
  rule: z.string().optional(),
  arguments: z.record(z.string(), z.unknown()).optional(),
  query: z.string().optional(),
  engine: z.string().optional(),
  implementation: z.unknown().optional(),
  mustBe: scalar,
  mustNotBe: scalar,
  mustBeGreaterThan: number,
  mustBeGreaterOrEqualTo: number,
  mustBeLessThan: number,
  mustBeLessOrEqualTo: number,
  mustBeBetween: pair,
  mustNotBeBetween: pair,
});
export type Quality = z.infer<typeof qualitySchema>;

const bound = z.union([z.number(), z.string()]).optional();

/** Limits of a column's values. */
const optionsSchema = z.strictObject({
  minLength: number,
  maxLength: number,
  pattern: z.string().optional(),
  minimum: bound,
  maximum: bound,
  exclusiveMinimum: bound,
  exclusiveMaximum: bound,
  multipleOf: number,
  format: unread,
  timezone: unread,
  defaultTimezone: unread,
  maxProperties: unread,
  minProperties: unread,
  required: unread,
  maxItems: unread,
  minItems: unread,
  uniqueItems: unread,
});

const propertySchema = z.strictObject({
  ...element,
  relationships: z.array(relationshipSchema).default([]),
  customProperties: z
    .array(
      z.union([
        z.strictObject({
          property: z.literal('sluice'),
          value: z.record(z.string(), z.unknown()),
          id: unread,
          description: unread,
        }),
        z.strictObject({
          property: z.string().refine((name) => name !== 'sluice', 'expected settings of a column'),
          value: z.record(z.string(), z.unknown()).catch({}),
          id: unread,
          description: unread,
        }),
      ]),
    )
    .default([]),
  primaryKey: z.boolean().optional(),
  primaryKeyPosition: z.int().optional(),
  required: z.boolean().optional(),
  unique: z.boolean().optional(),
  logicalTypeOptions: optionsSchema.optional(),
  quality: z.array(qualitySchema).default([]),
  partitioned: unread,
  partitionKeyPosition: unread,
  classification: unread,
  encryptedName: unread,
  transformSourceObjects: unread,
  transformLogic: unread,
  transformDescription: unread,
  examples: unread,
  criticalDataElement: unread,
  properties: unread,
  items: unread,
});
export type Property = z.infer<typeof propertySchema>;

const objectSchema = z.strictObject({
  ...element,
  relationships: z.array(keyRelationshipSchema).default([]),
  dataGranularityDescription: unread,
  properties: z.array(propertySchema).default([]),
  quality: z.array(qualitySchema).default([]),
});
export type SchemaObject = z.infer<typeof objectSchema>;

const slaSchema = z.strictObject({
  id: unread,
  property: z.string(),
  value: z.unknown(),
  valueExt: unread,
  unit: z.string().optional(),
  element: z.string().optional(),
  driver: unread,
  description: unread,
  scheduler: unread,
  schedule: unread,
});
export type Sla = z.infer<typeof slaSchema>;

/** A data contract of ODCS v3. Unknown keys are faults. */
export const contractSchema = z.strictObject({
  apiVersion: z.string().regex(/^v3\.[01]\.\d+$/, 'expected v3.1.0 or an older v3'),
  kind: z.literal('DataContract'),
  id: z.string().min(1),
  version: z.string().min(1),
  status: z.string().min(1),
  name: unread,
  tenant: unread,
  tags: unread,
  servers: unread,
  dataProduct: unread,
  description: unread,
  domain: unread,
  schema: z.array(objectSchema).default([]),
  support: unread,
  price: unread,
  team: unread,
  roles: unread,
  slaDefaultElement: z.string().optional(),
  slaProperties: z.array(slaSchema).default([]),
  authoritativeDefinitions: unread,
  customProperties: unread,
  contractCreatedTs: unread,
});
export type OdcsContract = z.infer<typeof contractSchema>;
