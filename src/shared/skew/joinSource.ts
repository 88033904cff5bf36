import { countOf, listOf, numberOf, scalarOf, structOf, textOf } from '../findings/values.js';
import type { EngineRow, EngineSession, EngineValue } from '../engine/port.js';
import type { JoinReport, KeyValue } from '../findings/skew.js';
import type { Column } from '../schema/columns.js';
import type { TypeKind } from '../schema/typeKind.js';
import { balanceSql, joinSql, type SaltedKey } from './joinSql.js';
import { foldLoads, SALTED_SHARE, saltsFor, type Load } from './plan.js';
import { keyKinds } from './skewSource.js';

export interface JoinRequest {
  readonly session: EngineSession;
  /** What may stand after FROM. Each side is read twice. */
  readonly left: string;
  readonly right: string;
  /** Columns that both sides have. */
  readonly key: readonly string[];
  /** The columns of the left where the caller knows them. */
  readonly columns?: readonly Column[];
  readonly signal?: AbortSignal;
}

/** Estimates what a join would do to the rows, by counting the keys of both sides, and simulates its balance. Errors: CONFIG_INVALID for a key column that a side lacks. */
export async function joinSource(request: JoinRequest): Promise<JoinReport> {
  const { session, right, signal } = request;
  const kinds = await keyKinds({ ...request, source: request.left });
  await keyKinds({ session, source: right, key: request.key, ...(signal === undefined ? {} : { signal }) });
  const [row = {}] = await session.query(joinSql(request), signal);
  const salted = saltedKeys(row);
  const [loads = {}] = await session.query(balanceSql(request, salted), signal);
  const [before, after] = [foldLoads(readLoads(loads, 'before')), foldLoads(readLoads(loads, 'after'))];
  const rows = { left: countOf(row, 'left'), right: countOf(row, 'right'), joined: Number(textOf(row, 'joined') ?? 0) };
  return {
    rows,
    explosion: rows.left === 0 ? 0 : rows.joined / rows.left,
    lost: rows.left - countOf(row, 'keyed') + countOf(row, 'lonely'),
    multiplied: countOf(row, 'multiplied'),
    unused: rows.right - countOf(row, 'used'),
    worst: listOf(row, 'worst').map((value) => readWorst(value, kinds)),
    salted: salted.map(({ texts, salts, side }) => ({ key: keyOf(texts, kinds), salts, side })),
    balance: before.map(({ partitions, maxOverMean }, at) => ({
      partitions,
      before: maxOverMean,
      after: after[at]?.maxOverMean ?? maxOverMean,
    })),
  };
}

function saltedKeys(row: EngineRow): readonly SaltedKey[] {
  const work = numberOf(row, 'work') ?? 0;
  return listOf(row, 'hot')
    .map(structOf)
    .flatMap((hot) => {
      const share = (numberOf(hot, 'work') ?? 0) / work;
      const side = countOf(hot, 'left') >= countOf(hot, 'right') ? ('left' as const) : ('right' as const);
      return share > SALTED_SHARE ? [{ texts: textsOf(hot), salts: saltsFor(share), side }] : [];
    });
}

function readWorst(value: EngineValue, kinds: readonly TypeKind[]): JoinReport['worst'][number] {
  const row = structOf(value);
  const [left, right] = [countOf(row, 'left'), countOf(row, 'right')];
  return { key: keyOf(textsOf(row), kinds), left, right, joined: left * right };
}

function textsOf(row: EngineRow): readonly string[] {
  return listOf(row, 'key').map(String);
}

function keyOf(texts: readonly string[], kinds: readonly TypeKind[]): KeyValue {
  const values = texts.map((text, at) => scalarOf(kinds[at] ?? 'text', text));
  const [single] = values;
  return values.length === 1 && single !== undefined ? single : values;
}

function readLoads(row: EngineRow, name: string): Load[] {
  return listOf(row, name)
    .map(structOf)
    .map((load) => ({ partition: countOf(load, 'partition'), rows: numberOf(load, 'rows') ?? 0 }));
}
