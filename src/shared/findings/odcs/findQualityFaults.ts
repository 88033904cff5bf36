import { z } from 'zod';
import { columnCheckSchema, tableCheckSchema } from '../../config/checks.js';
import type { ConfigFault } from '../../config/rules.js';
import { qualityCheck, type Taking } from './importQuality.js';
import { qualitySchema } from './odcsSchema.js';

/** The faults of quality entries, whatever else is wrong with a contract. */
export function findQualityFaults(document: unknown): readonly ConfigFault[] {
  const taking: Taking = { notTaken: [], faults: [] };
  const { data } = looseContract.safeParse(document);
  for (const [at, { quality, properties }] of (data?.schema ?? []).entries()) {
    const elements = [
      { path: `schema[${at}]`, quality, schema: tableCheckSchema },
      ...properties.map((property, index) => ({
        path: `schema[${at}].properties[${index}]`,
        quality: property.quality,
        schema: columnCheckSchema,
      })),
    ];
    for (const { path, quality: entries, schema } of elements)
      for (const [index, written] of entries.entries()) {
        const entry = qualitySchema.safeParse(written);
        if (entry.success) qualityCheck(entry.data, { ...taking, path: `${path}.quality[${index}]`, schema });
      }
  }
  return taking.faults;
}

const looseQuality = z.array(z.unknown()).catch([]).default([]);
/** As much of a contract as leads to its quality entries. */
const looseContract = z.looseObject({
  schema: z
    .array(
      z.looseObject({
        quality: looseQuality,
        properties: z
          .array(z.looseObject({ quality: looseQuality }))
          .catch([])
          .default([]),
      }),
    )
    .catch([])
    .default([]),
});
