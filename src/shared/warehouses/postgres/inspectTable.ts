import { quoteText } from '../../schema/columns.js';
import type { Warehouse } from '../port.js';
import { leavesOf, parseTableName, quoteTable, tableKey } from './identifiers.js';

/** One thing that was looked at. */
export interface TableFinding {
  readonly table: string;
  readonly check: 'exists' | 'rights' | 'bloat' | 'statistics' | 'indexes' | 'unused indexes' | 'default partition';
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do about it. */
  readonly mend?: string;
}

/** Below this many rows or bytes nothing is worth a word. */
const SMALL_ROWS = 10_000;
const SMALL_BYTES = 1_000_000;
/** Shares of rows. A fifth is where autovacuum comes by default. */
const MANY_DEAD = 0.2;
const MANY_CHANGED = 0.2;

/** What Postgres knows of a table and its partitions. */
export interface TableFacts {
  readonly table: string;
  readonly exists: boolean;
  /** Rights on the table that the loading role lacks. */
  readonly lacking: readonly string[];
  readonly live: number;
  readonly dead: number;
  /** Rows changed since the last ANALYZE. */
  readonly changed: number;
  readonly indexes: readonly {
    readonly name: string;
    readonly scans: number;
    readonly bytes: number;
    readonly unique: boolean;
    readonly valid: boolean;
  }[];
  /** A DEFAULT partition with rows in it. */
  readonly filledDefault: string | null;
}

/** Judges a table's facts; pure. */
export function judgeTable(facts: TableFacts): readonly TableFinding[] {
  const { table, live, dead, changed } = facts;
  const finding = (check: TableFinding['check'], bad: string | undefined, [good, mend, verdict = 'warn']: Words) =>
    bad === undefined
      ? ({ table, check, verdict: 'ok', text: good } as const)
      : ({ table, check, verdict, text: bad, mend } as const);
  if (!facts.exists) return [{ table, check: 'exists', verdict: 'ok', text: 'not there yet: the first load makes it' }];
  const share = (part: number) => part / Math.max(1, live + dead);
  const isBloated = dead > SMALL_ROWS && share(dead) > MANY_DEAD;
  const isStale = changed > SMALL_ROWS && share(changed) > MANY_CHANGED;
  const broken = facts.indexes.filter(({ valid }) => !valid).map(({ name }) => name);
  const unused = facts.indexes.filter((one) => one.valid && !one.unique && one.scans === 0 && one.bytes > SMALL_BYTES);
  return [
    finding('rights', named(facts.lacking, 'the loading role lacks'), ['all that loads need', `GRANT ${facts.lacking.join(', ')} ON ${table}`, 'fail']), // prettier-ignore
    finding('bloat', isBloated ? `${dead} dead rows beside ${live} (${percent(share(dead))})` : undefined, [`${dead} dead rows beside ${live}`, `VACUUM ${table}`]), // prettier-ignore
    finding('statistics', isStale ? `${changed} rows changed since the last ANALYZE` : undefined, ['fresh', `ANALYZE ${table}`]), // prettier-ignore
    finding('indexes', named(broken, 'left half-built:'), [`${facts.indexes.length} indexes, all valid`, 'drop them; the next load builds what is declared']), // prettier-ignore
    finding('unused indexes', named(unused.map(({ name, bytes }) => `${name} (${Math.round(bytes / 1e6)} MB)`), 'never read since the statistics began:'), ['none', 'drop what no query needs: each costs every load']), // prettier-ignore
    ...(facts.filledDefault === null
      ? []
      : [
          finding('default partition', `${facts.filledDefault} has rows: no partition can be made for their time`, [
            '',
            'move its rows into partitions of their own',
          ]),
        ]),
  ];
}

type Words = readonly [good: string, mend: string, verdict?: 'warn' | 'fail'];

function named(list: readonly string[], words: string): string | undefined {
  return list.length === 0 ? undefined : `${words} ${list.join(', ')}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** Asks a Postgres target about one table, as the config writes it. Errors: those of the target. */
export async function readTableFacts(
  { ask }: Pick<Warehouse, 'ask'>,
  { table: text, schema, mode }: { readonly table: string; readonly schema: string; readonly mode: string },
): Promise<TableFacts> {
  const table = parseTableName(text, schema);
  const name = quoteText(quoteTable(table));
  const rights = mode === 'append' ? ['SELECT', 'INSERT'] : ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
  const sql = `
    WITH parts AS (SELECT relid FROM ${leavesOf(name)} leaves)
    SELECT to_regclass(${name}) IS NOT NULL,
      (SELECT string_agg(wanted, ',') FROM unnest(ARRAY[${rights.map(quoteText).join(', ')}]) AS wanted
       WHERE to_regclass(${name}) IS NOT NULL AND NOT has_table_privilege(to_regclass(${name}), wanted)),
      coalesce(sum(n_live_tup), 0), coalesce(sum(n_dead_tup), 0), coalesce(sum(n_mod_since_analyze), 0),
      (SELECT coalesce(json_agg(json_build_object('name', s.indexrelname, 'scans', s.idx_scan, 'bytes', pg_relation_size(i.indexrelid),
         'unique', i.indisunique, 'valid', i.indisvalid) ORDER BY s.indexrelname), '[]')
       FROM parts JOIN pg_index i ON i.indrelid = relid JOIN pg_stat_all_indexes s ON s.indexrelid = i.indexrelid),
      (SELECT c.relname FROM parts JOIN pg_class c ON c.oid = relid
       WHERE pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' AND pg_relation_size(c.oid) > 0)
    FROM parts LEFT JOIN pg_stat_all_tables USING (relid)`;
  const { rows } = await ask(sql);
  const [exists, lacking, live, dead, changed, indexes, filledDefault] = rows[0] ?? [];
  return {
    table: tableKey(table),
    exists: exists === 't',
    lacking: lacking === null || lacking === undefined ? [] : lacking.split(','),
    live: Number(live ?? 0),
    dead: Number(dead ?? 0),
    changed: Number(changed ?? 0),
    indexes: JSON.parse(indexes ?? '[]'),
    filledDefault: filledDefault ?? null,
  };
}
