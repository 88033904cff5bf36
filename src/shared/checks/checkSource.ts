import { countOf, numberOf } from '../findings/values.js';
import { PROVENANCE_COLUMNS } from '../schema/columns.js';
import { attempt, findPatternFault, findQueryFault, settleMeasure } from './settleMeasure.js';
import { planChecks } from './plan.js';
import { readReport, readResult, readSample, readSamples } from './read.js';
import { duplicateSamplesSql, duplicatesSql, measuresSql, querySql, samplesSql } from './sql.js';
import type { EngineRow, EngineSession } from '../engine/port.js';
import type { CheckReport } from '../findings/check.js';
import type { Column } from '../schema/columns.js';
import type { CheckConfig, Measure } from './plan.js';
import type { Figure } from './read.js';
import type { References } from './references.js';
import type { Measured, NumberedColumns } from './sql.js';

export interface CheckRequest extends CheckConfig {
  readonly session: EngineSession;
  /** What may stand after FROM. Read once, and once more for the rows of rules that are broken and for each key that must be unique. */
  readonly source: string;
  /** The source's columns; Sluice's own need not be among them. */
  readonly columns: readonly Column[];
  /** Milliseconds since 1970 that ages are counted to. Default: now. */
  readonly now?: number;
  /** Rows of a file on average, and the same of earlier batches, the newest first. Absent: none are known. */
  readonly history?: { readonly rows: number; readonly past: readonly number[] };
  /** What other datasets hold; absent: a check that asks for it fails with a reason. */
  readonly references?: References;
  readonly signal?: AbortSignal;
}

/**
 * Judges a source by a dataset's checks. A value of NULL breaks no rule but `required`, `nullValues` and `missingValues`; such rows
 * are counted as `skippedNulls`. A check that cannot be evaluated (missing column, refused expression) fails alone, with its reason.
 */
export async function checkSource(request: CheckRequest): Promise<CheckReport> {
  const planned = planChecks(request.columns, request);
  const measures: Measure[] = [];
  for (const { measure } of planned) {
    measures.push(await settleMeasure(request, measure));
  }
  const { row, figures } = await measureAll(request, measures);
  const rows = countOf(row, 'rows');
  const placed = await hasPlaces(request);
  const samples = await sampleRules(request, { measures, row, figures, placed });
  for (const [at, measure] of measures.entries()) {
    if (figures.has(at)) continue;
    const skipped = countOf(row, `skipped${at}`);
    if (measure.kind === 'fault') figures.set(at, measure);
    if (measure.kind === 'rowCount') figures.set(at, { kind: 'count', rows });
    if (measure.kind === 'rowCountChange') {
      const { rows: now, past } = request.history ?? { rows, past: [] };
      figures.set(at, { kind: 'change', rows: now, past: past.slice(0, measure.batches) });
    }
    if (measure.kind === 'schema') figures.set(at, measure);
    if (measure.kind === 'aggregate') figures.set(at, { kind: 'number', value: numberOf(row, `figure${at}`) });
    if (measure.kind === 'query') figures.set(at, await askQuery(request, measure.sql));
    if (measure.kind === 'freshness') figures.set(at, ageOf(request, row, at));
    if (measure.kind === 'unique')
      figures.set(at, await countDuplicates(request, { at, ...measure }, { skipped, placed }));
    if (measure.kind === 'rule') {
      figures.set(at, {
        kind: 'rows',
        failing: countOf(row, `failing${at}`),
        skipped,
        sample: readSamples(samples, at),
      });
    }
  }
  const results = planned.map((check, at) => readResult(check, figures.get(at) ?? UNMEASURED, rows));
  return readReport(results, rows);
}

/** A check over single rows, as a condition. */
export interface RowRule {
  /** Of the check. */
  readonly name: string;
  readonly expected: string;
  /** SQL over a row of `_s`: true for a failing row, NULL for one that is not judged. */
  readonly fails: string;
}

/** Those of the checks that judge single rows, as conditions; one that cannot be evaluated is absent. */
export async function readRules(request: CheckRequest): Promise<readonly RowRule[]> {
  const rules: RowRule[] = [];
  for (const { name, expected, measure } of planChecks(request.columns, request)) {
    const settled = await settleMeasure(request, measure);
    if (settled.kind === 'rule') rules.push({ name, expected, fails: settled.fails });
  }
  return rules;
}

/** The number of a query, or why there is none. A second statement cannot follow it: it stands in brackets and ends in a line break. */
async function askQuery(request: CheckRequest, query: string): Promise<Figure> {
  const fault = await findQueryFault(request, query);
  if (fault !== undefined) return fault;
  const asked = await attempt(request, () => request.session.query(querySql(request.source, query), request.signal));
  if (asked.kind === 'fault') return asked;
  const [first = {}, ...more] = asked.rows;
  const fields = Object.keys(first);
  if (more.length > 0 || fields.length !== 1)
    return {
      kind: 'fault',
      reason: `expected one number, got ${asked.rows.length === 1 ? `${fields.length} columns` : 'several rows'}`,
    };
  return { kind: 'number', value: numberOf(first, fields[0] ?? '') };
}

const UNMEASURED: Figure = { kind: 'fault', reason: 'it was not measured' };

interface MeasuredRow {
  readonly row: EngineRow;
  /** What the engine refused, by number; more figures are added. */
  readonly figures: Map<number, Figure>;
}

/** Measures of one statement: beyond some hundred its plan costs more than another pass. */
const MEASURED_TOGETHER = 200;

/** Measures everything in one pass, or in one for each 200 measures. */
async function measureAll(request: CheckRequest, measures: readonly Measure[]): Promise<MeasuredRow> {
  const figures = new Map<number, Figure>();
  let row: EngineRow = {};
  for (let from = 0; from === 0 || from < measures.length; from += MEASURED_TOGETHER) {
    const group = measures.map((measure, at) => (at >= from && at < from + MEASURED_TOGETHER ? measure : NOTHING));
    row = { ...row, ...(await measureTogether(request, group, figures)) };
  }
  return { row, figures };
}

/** One pass; when the engine refuses it, finds the rules and aggregates at fault one by one, adds them to the figures and measures the others. */
async function measureTogether(
  request: CheckRequest,
  measures: readonly Measure[],
  figures: Map<number, Figure>,
): Promise<EngineRow> {
  const all = await attempt(request, () => ask(request, measuredOf(measures)));
  if (all.kind === 'rows') return all.rows[0] ?? {};
  for (const [at, measure] of measures.entries()) {
    if (measure.kind !== 'rule' && measure.kind !== 'aggregate') continue;
    const alone = await attempt(request, () =>
      ask(request, measuredOf(measures.map((other, index) => (index === at ? other : NOTHING)))),
    );
    if (alone.kind === 'fault')
      figures.set(at, (measure.kind === 'rule' ? await findPatternFault(request, measure) : undefined) ?? alone);
  }
  const sound = measures.map((measure, at) => (figures.has(at) ? NOTHING : measure));
  return (await ask(request, measuredOf(sound)))[0] ?? {};
}

const NOTHING: Measure = { kind: 'rowCount' };

/** Clocks and zones differ by less; what lies further ahead of now is no news but a mistake, or stands for none. */
const AHEAD_MS = 864e5;

function ask(request: CheckRequest, measured: Measured): Promise<readonly EngineRow[]> {
  const { session, source, now = Date.now(), signal } = request;
  return session.query(measuresSql(source, measured, now + AHEAD_MS), signal);
}

function measuredOf(measures: readonly Measure[]): Measured {
  return {
    rules: measures.flatMap((measure, at) => (measure.kind === 'rule' ? [{ at, ...measure }] : [])),
    uniques: measures.flatMap((measure, at) => (measure.kind === 'unique' ? [{ at, ...measure }] : [])),
    aggregates: measures.flatMap((measure, at) => (measure.kind === 'aggregate' ? [{ at, ...measure }] : [])),
    ages: measures.flatMap((measure, at) => (measure.kind === 'freshness' ? [{ at, ...measure }] : [])),
  };
}

async function sampleRules(
  { session, source, signal }: CheckRequest,
  { measures, row, figures, placed }: MeasuredRow & { readonly measures: readonly Measure[]; readonly placed: boolean },
): Promise<readonly EngineRow[]> {
  const broken = measuredOf(measures).rules.filter(({ at }) => !figures.has(at) && countOf(row, `failing${at}`) > 0);
  return broken.length === 0 ? [] : session.query(samplesSql(source, broken, placed), signal);
}

async function countDuplicates(
  { session, source, signal }: CheckRequest,
  { columns }: NumberedColumns,
  { skipped, placed }: { readonly skipped: number; readonly placed: boolean },
): Promise<Figure> {
  const [counted = {}] = await session.query(duplicatesSql(source, columns), signal);
  const failing = countOf(counted, 'failing');
  const rows = failing === 0 ? [] : await session.query(duplicateSamplesSql(source, columns, placed), signal);
  return { kind: 'rows', failing, skipped, sample: rows.map(readSample) };
}

function ageOf({ now = Date.now() }: CheckRequest, row: EngineRow, at: number): Figure {
  const newest = numberOf(row, `newest${at}`);
  return { kind: 'age', ms: newest === undefined ? undefined : now - newest, ahead: countOf(row, `ahead${at}`) };
}

/** Whether the source says where each row came from. */
async function hasPlaces({ session, source, signal }: CheckRequest): Promise<boolean> {
  const names = (await session.query(`DESCRIBE SELECT * FROM ${source}`, signal)).map((row) => row['column_name']);
  return PROVENANCE_COLUMNS.every(({ name }) => names.includes(name));
}
