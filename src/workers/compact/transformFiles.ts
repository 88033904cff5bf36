import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PageVersion } from '../../shared/config/dataset.js';
import type { EngineRow, EngineSession } from '../../shared/engine/port.js';
import { SluiceError, isSluiceError } from '../../shared/errors.js';
import { type Column, quoteName, quoteText } from '../../shared/schema/columns.js';
import { keptSql, keptType } from '../../shared/schema/keptType.js';
import { describeTransformFault, readTransform } from '../../shared/transform/readTransform.js';
import type { CompactedObject, CompactFilesResult } from './compactFiles.js';
import { cutToTarget, type WrittenArtifact } from './write.js';
import { copySql, objectRowsSql, parquetSql } from './sql.js';

export interface TransformRequest {
  readonly session: EngineSession;
  /** One SELECT over `input`. */
  readonly transform: string;
  /** What compactFiles wrote, with provenance. Its artifacts are replaced. */
  readonly result: CompactFilesResult;
  readonly compression: 'zstd' | 'snappy';
  readonly pages: PageVersion;
  readonly sort: readonly string[];
  /** Bytes of one artifact, about. */
  readonly targetBytes: number;
  readonly outDir: string;
  readonly signal?: AbortSignal;
}

/**
 * Puts the batch's rows through the dataset's transform. Each object keeps its rows that the WHERE lets through; the others are counted
 * as filtered. An object with a row that an expression fails on is quarantined whole. What the SELECT gives and what the artifacts hold
 * are compared by count and hash, object by object. Safe to repeat. Errors: CONFIG_INVALID (the transform is no projection, or names a
 * column that the dataset lacks), CONTENT_MISMATCH, those of the engine.
 */
export async function transformFiles(request: TransformRequest): Promise<CompactFilesResult> {
  const { session, transform, result, sort, signal } = request;
  if (result.columns.length === 0) return result;
  const answer = await readTransform(session, transform, signal);
  if (answer.kind === 'faults') {
    throw new SluiceError('CONFIG_INVALID', `transform: ${answer.faults.map(describeTransformFault).join('; ')}`);
  }
  const { columns, sql } = keepWhole(await describe(request, answer.sql), answer.sql);
  checkNames(columns, sort);
  if (result.artifacts.length === 0) return { ...result, columns };
  const paths = result.artifacts.map(({ path }) => path);
  const culprits = await findCulprits(request, { sql, paths });
  const select = selectSql(sql, paths, { none: [...culprits.keys()] });
  const wanted = await session.query(sumsSql(select, columns), signal);
  const artifacts = await write(request, select);
  await compare(wanted, { request, columns, artifacts });
  await Promise.all(paths.map((path) => rm(path, { force: true })));
  return account(request, {
    columns,
    artifacts,
    culprits,
    kept: new Map(wanted.map(({ object, rows }) => [String(object), Number(rows)])),
  });
}

/** The columns that the SELECT gives, without provenance. */
async function describe({ session, result, signal }: TransformRequest, sql: string): Promise<readonly Column[]> {
  const casts = result.columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteName(name)}`);
  const input = `SELECT ${casts.join(', ')}, NULL::UUID AS _sluice_object, NULL::BIGINT AS _sluice_row`;
  try {
    const rows = await session.query(`DESCRIBE WITH input AS (${input}) ${sql}`, signal);
    return rows
      .map(({ column_name: name, column_type: type }) => ({ name: String(name), type: String(type) }))
      .filter(({ name }) => !name.startsWith('_sluice_'))
      .map(({ name, type }) => ({ name, type: type === '"NULL"' ? 'VARCHAR' : type }));
  } catch (error) {
    if (!isSluiceError(error, 'ENGINE_QUERY')) throw error;
    const [first = ''] = error.message.split('\n');
    throw new SluiceError(
      'CONFIG_INVALID',
      `transform: expected columns of the dataset and types that fit, got: ${first}`,
      {
        cause: error,
      },
    );
  }
}

/** The SELECT with the columns of which Parquet has no type as ones that hold them whole. */
function keepWhole(given: readonly Column[], sql: string): { columns: readonly Column[]; sql: string } {
  const changes: string[] = [];
  const columns = given.map(({ name, type }) => {
    const kept = keptType(type);
    if (kept === undefined) {
      throw new SluiceError('CONFIG_INVALID', `transform: expected types that Parquet keeps, got ${type} of ${name}`);
    }
    const change = keptSql(name, type, kept);
    if (change !== undefined) changes.push(change);
    return { name, type: kept };
  });
  return { columns, sql: changes.length === 0 ? sql : `SELECT * REPLACE (${changes.join(', ')}) FROM (${sql})` };
}

function checkNames(columns: readonly Column[], sort: readonly string[]): void {
  const names = columns.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new SluiceError('CONFIG_INVALID', `transform: expected each column once, got ${twice} twice`);
  if (names.length === 0) throw new SluiceError('CONFIG_INVALID', 'transform: expected at least one column, got none');
  const missing = sort.find((name) => !names.includes(name.toLowerCase()));
  if (missing === undefined) return;
  throw new SluiceError('CONFIG_INVALID', `sort: expected a column that the transform gives, got ${missing}`);
}

function selectSql(
  sql: string,
  paths: readonly string[],
  { only, none }: { only?: readonly string[]; none?: readonly string[] },
): string {
  const list = (objects: readonly string[]) => `(${objects.map((object) => `${quoteText(object)}::UUID`).join(', ')})`;
  const some = only === undefined ? '' : ` WHERE _sluice_object IN ${list(only)}`;
  const rest = none === undefined || none.length === 0 ? some : ` WHERE _sluice_object NOT IN ${list(none)}`;
  return `WITH input AS (SELECT * FROM ${parquetSql(paths)}${rest}) ${sql}`;
}

function sumsSql(select: string, columns: readonly Column[]): string {
  const hash = `hash(${columns.map(({ name }) => quoteName(name)).join(', ')})`;
  return `SELECT _sluice_object::VARCHAR AS object, count(*) AS rows, sum(${hash})::VARCHAR AS content FROM (${select}) GROUP BY ALL`;
}

async function write(request: TransformRequest, select: string): Promise<readonly WrittenArtifact[]> {
  const { session, outDir, compression, pages, sort, signal } = request;
  await mkdir(outDir, { recursive: true });
  const path = join(outDir, 'transformed.parquet');
  const [answer] = await session.query(copySql(select, { path, compression, pages, sort }), signal);
  const rows = Number(answer?.count ?? 0);
  if (rows === 0) return [];
  return cutToTarget({ path, rows, bytes: (await stat(path)).size }, request);
}

async function compare(
  wanted: readonly EngineRow[],
  {
    request,
    columns,
    artifacts,
  }: { request: TransformRequest; columns: readonly Column[]; artifacts: readonly WrittenArtifact[] },
): Promise<void> {
  const paths = artifacts.map(({ path }) => path);
  const found = paths.length === 0 ? [] : await request.session.query(objectRowsSql(paths, columns), request.signal);
  const text = (rows: readonly EngineRow[]) =>
    rows.map(({ object, rows: count, content }) => `${String(object)} ${String(count)} ${String(content)}`).toSorted();
  if (JSON.stringify(text(wanted)) === JSON.stringify(text(found))) return;
  throw new SluiceError('CONTENT_MISMATCH', 'expected the rows that the transform gives in the artifacts, got others');
}

/** The objects with a row that an expression fails on, each with the kind of its error. */
async function findCulprits(
  { session, result, signal }: TransformRequest,
  { sql, paths }: { sql: string; paths: readonly string[] },
): Promise<ReadonlyMap<string, string>> {
  const objects = result.objects.flatMap(({ object, kind }) => (kind === 'included' ? [object] : []));
  const culprits = new Map<string, string>();
  const probe = async (some: readonly string[]): Promise<void> => {
    try {
      await session.query(`SELECT count(hash(t)) FROM (${selectSql(sql, paths, { only: some })}) t`, signal);
    } catch (error) {
      if (!isSluiceError(error, 'ENGINE_QUERY')) throw error;
      const [first, ...others] = some;
      if (first === undefined) return;
      // messages of the engine quote values: only their kind is told
      if (others.length === 0) return void culprits.set(first, faultOf(error));
      const middle = Math.ceil(some.length / 2);
      await probe(some.slice(0, middle));
      await probe(some.slice(middle));
    }
  };
  await probe(objects);
  return culprits;
}

function faultOf({ message }: SluiceError): string {
  if (/^[A-Za-z ]+: misfit/.test(message)) return 'value that Parquet does not hold whole';
  return /^([A-Z][A-Za-z ]* Error)/.exec(message)?.[1] ?? 'an error';
}

interface Transformed {
  readonly columns: readonly Column[];
  readonly artifacts: readonly WrittenArtifact[];
  readonly culprits: ReadonlyMap<string, string>;
  /** Rows that the WHERE let through, by object. */
  readonly kept: ReadonlyMap<string, number>;
}

function account(
  { result }: TransformRequest,
  { columns, artifacts, culprits, kept }: Transformed,
): CompactFilesResult {
  const objects = result.objects.map((one): CompactedObject => {
    if (one.kind !== 'included') return one;
    const failed = culprits.get(one.object);
    if (failed !== undefined) {
      const reason = `transform: expected an answer for every row, got a ${failed}`;
      return { object: one.object, kind: 'quarantined', code: 'VALUE_INVALID', reason };
    }
    const rows = kept.get(one.object) ?? 0;
    const filtered = one.rows - (one.quarantined ?? 0) - rows;
    return filtered === 0 ? one : { ...one, filtered };
  });
  const stays = new Set(objects.flatMap((one) => (one.kind === 'included' ? [one.object] : [])));
  const aside = result.aside.filter(({ object }) => stays.has(object));
  const given = objects.reduce((sum, one) => sum + (one.kind === 'included' ? one.rows : 0), 0);
  const out = artifacts.reduce((sum, { rows }) => sum + rows, 0);
  return { ...result, columns, artifacts, objects, aside, rows: { in: given, out } };
}
