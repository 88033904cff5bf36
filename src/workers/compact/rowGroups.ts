import { THRIFT, type ThriftCursor } from './thrift.js';

/** Fields of RowGroup, ColumnChunk, ColumnMetaData and Statistics: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const FIELDS = { columns: 1, metaData: 3, path: 3, statistics: 12, nullCount: 3 } as const;

/**
 * Reads the row groups of a footer, at whose list the cursor stands: NULLs of each column that is not nested, by its name in lower case.
 * Undefined where a chunk does not tell them. Throws RangeError where the bytes end early or are none.
 */
export function readNulls(cursor: ThriftCursor): ReadonlyMap<string, number> | undefined {
  const nulls = new Map<string, number>();
  let isWhole = true;
  const readChunk = () => {
    const { path, count } = readMetaData(cursor);
    const [name] = path;
    if (name === undefined || path.length > 1) return;
    const key = name.toLowerCase();
    if (count === undefined || count < 0) isWhole = false;
    else nulls.set(key, (nulls.get(key) ?? 0) + count);
  };
  cursor.list(() =>
    cursor.struct((id, type) => {
      if (id !== FIELDS.columns || type !== THRIFT.list) return false;
      cursor.list(readChunk);
      return true;
    }),
  );
  return isWhole ? nulls : undefined;
}

/** Reads a column's chunk: its path, and the NULLs in it where it tells them. */
function readMetaData(cursor: ThriftCursor): { readonly path: readonly string[]; readonly count: number | undefined } {
  const path: string[] = [];
  let count: number | undefined;
  const readStatistics = (id: number, type: number) => {
    if (id !== FIELDS.nullCount || type !== THRIFT.i64) return false;
    count = cursor.zigzag();
    return true;
  };
  const readField = (id: number, type: number) => {
    if (id === FIELDS.path && type === THRIFT.list) cursor.list(() => path.push(cursor.text()));
    else if (id === FIELDS.statistics && type === THRIFT.struct) cursor.struct(readStatistics);
    else return false;
    return true;
  };
  cursor.struct((id, type) => {
    if (id !== FIELDS.metaData || type !== THRIFT.struct) return false;
    cursor.struct(readField);
    return true;
  });
  return { path, count };
}
