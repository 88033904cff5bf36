// TEMP
import { gunzipSync } from 'node:zlib';
import { readFileSync, writeFileSync, statSync } from 'node:fs';
import type { EngineSession } from '../../shared/engine/port.js';
import type { ErrorCode } from '../../shared/errors.js';
import type { Column } from '../../shared/schema/columns.js';
export interface CompactFilesResult {
  columns: readonly Column[];
  schemaChange?: string;
  artifacts: readonly { path: string; rows: number; bytes: number }[];
  objects: readonly (
    | { object: string; kind: 'included'; rows: number }
    | { object: string; kind: 'quarantined'; code: ErrorCode; reason: string }
  )[];
  rows: { in: number; out: number };
}
export async function compactFiles(r: {
  session: EngineSession;
  scratch: string;
  inputs: readonly { object: string; name: string; file: string }[];
  outDir: string;
  schema?: readonly Column[];
  [k: string]: unknown;
}): Promise<CompactFilesResult> {
  const objects: CompactFilesResult['objects'][number][] = [];
  const parts: string[] = [];
  for (const i of r.inputs) {
    let f = i.file;
    if (i.name.endsWith('.gz')) {
      try {
        f = `${i.file}.plain`;
        writeFileSync(f, gunzipSync(readFileSync(i.file)));
      } catch {
        objects.push({
          object: i.object,
          kind: 'quarantined',
          code: 'OBJECT_TRUNCATED',
          reason: 'expected the end of the gzip stream',
        });
        continue;
      }
    }
    const reader = i.name.includes('.csv') ? 'read_csv' : i.name.includes('ndjson') ? 'read_json' : 'read_parquet';
    parts.push(
      `select *, '${i.object}'::uuid as _sluice_object, row_number() over () - 1 as _sluice_row from ${reader}('${f}')`,
    );
  }
  if (parts.length === 0) return { columns: r.schema ?? [], artifacts: [], objects, rows: { in: 0, out: 0 } };
  const path = `${r.outDir}/a.parquet`;
  const sel = parts.join(' union all by name ');
  const all = (await r.session.query(`describe ${sel}`))
    .map((x) => ({ name: String(x['column_name']), type: String(x['column_type']) }))
    .filter((c) => !c.name.startsWith('_sluice'));
  const columns = r.schema ?? all;
  await r.session.run(
    `copy (select ${columns.map((c) => `"${c.name}"::${c.type} as "${c.name}"`).join(',')}, _sluice_object, _sluice_row from (${sel})) to '${path}' (format parquet)`,
  );
  const counts = await r.session.query(
    `select _sluice_object::varchar o, count(*)::bigint n from read_parquet('${path}') group by 1`,
  );
  for (const c of counts) objects.push({ object: String(c['o']), kind: 'included', rows: Number(c['n']) });
  const rows = counts.reduce((s, c) => s + Number(c['n']), 0);
  return {
    columns,
    ...(r.schema ? {} : { schemaChange: 'first' }),
    artifacts: [{ path, rows, bytes: statSync(path).size }],
    objects,
    rows: { in: rows, out: rows },
  };
}
