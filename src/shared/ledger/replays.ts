import type { Dataset } from '../config/config.js';
import type { RowsAside } from './custodyRecords.js';

/**
 * The key under which rows that were set aside are sent again: made of their id, so that a second call finds the first one's file. Text keeps
 * the folders of its partition, whose values no row has; JSON rows have them.
 */
export function replayKey(
  { compact }: Pick<Dataset, 'compact'>,
  { rowsId, partition }: Pick<RowsAside, 'rowsId' | 'partition'>,
  format: 'csv' | 'ndjson' | 'json rows',
): string {
  const folder = format === 'json rows' || partition === '' ? '' : `${partition}/`;
  return `${compact.prefix}_replay/${folder}${rowsId}.${format === 'csv' ? 'csv' : 'ndjson'}`;
}

/** Whether the object of a key holds rows that are sent again. */
export function isReplay({ compact }: Pick<Dataset, 'compact'>, key: string): boolean {
  return key.startsWith(`${compact.prefix}_replay/`);
}
