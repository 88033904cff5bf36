import { SluiceError, isSluiceError } from '../../errors.js';
import { errorCode } from '../../postgres/pool.js';
import { quoteName } from '../../schema/columns.js';
import type { LoadRequest } from '../port.js';
import type { WireColumn } from './planTable.js';
import { FINER_THAN_MICROSECONDS } from './selectRows.js';

/** Postgres found a byte sequence that is no text: with valid UTF-8, a NUL. In text format it does not say in which column. */
const NO_TEXT = new Set(['22021', '22P05']);

/** The failure of a COPY, with its column where Postgres did not name one. Costs a query, in failure only. */
export async function explainRefusal(
  error: unknown,
  columns: readonly WireColumn[],
  { session, source, table }: LoadRequest,
): Promise<unknown> {
  if (isSluiceError(error, 'ENGINE_QUERY') && error.message.includes(FINER_THAN_MICROSECONDS)) {
    return new SluiceError('TARGET_REFUSED', error.message, { facts: { table } });
  }
  const state = errorCode(error);
  const texts = columns.filter(({ wire }) => wire === 'VARCHAR' || wire === 'JSON');
  if (state === undefined || !NO_TEXT.has(state) || texts.length === 0) return error;
  const counts = texts.map(({ source: name }, index) => {
    const text = `CAST(to_json(${quoteName(name)}) AS VARCHAR)`;
    return `count(*) FILTER (WHERE contains(${text}, '\\u0000'))::DOUBLE AS c${index}`;
  });
  const counted = await session.query(`SELECT ${counts.join(', ')} FROM ${source}`);
  const column = texts.find((_, index) => Number(counted[0]?.[`c${index}`] ?? 0) > 0)?.target;
  if (column === undefined) return error;
  return new SluiceError('TARGET_REFUSED', `expected texts without NUL bytes, got one in column ${column}`, {
    facts: { table, column, sqlState: state },
  });
}
