import type { Column } from '../../shared/schema/columns.js';
import type { PartitionValue, Source } from './sources.js';

/** What Hive writes for NULL. */
const HIVE_NULL = '__HIVE_DEFAULT_PARTITION__';

/** The `name=value` folders of a path, decoded as URLs are; the last part of the path is the file's own name. Pure. */
export function readHivePath(path: string): readonly { readonly name: string; readonly value: string | null }[] {
  const folders = path.split('/').slice(0, -1);
  const pairs = folders.flatMap((folder) => {
    const at = folder.indexOf('=');
    if (at < 1) return [];
    const value = decode(folder.slice(at + 1));
    return [{ name: decode(folder.slice(0, at)), value: value === HIVE_NULL ? null : value }];
  });
  // the innermost of two folders of one name
  return pairs.filter(({ name }, index) => pairs.findLastIndex((pair) => isSame(pair.name, name)) === index);
}

/**
 * Gives each source the values of its path as columns, typed as the schema says; a name that the schema lacks is a BIGINT,
 * a DATE or text by all values of the batch. A column of the file itself stands before one of the path. Pure.
 */
export function addPartitions(sources: readonly Source[], schema: readonly Column[]): readonly Source[] {
  const pairs = new Map(sources.map((source) => [source.object, readHivePath(source.name)]));
  const all = [...pairs.values()].flat();
  return sources.map((source) => {
    const partition = (pairs.get(source.object) ?? [])
      .filter(({ name }) => !source.columns.some((column) => isSame(column.name, name)))
      .map((pair): PartitionValue => {
        const values = all.filter(({ name }) => isSame(name, pair.name)).map(({ value }) => value);
        const known = schema.find(({ name }) => isSame(name, pair.name))?.type;
        return { ...pair, type: typeOf(pair.value, known, values) };
      });
    return partition.length === 0 ? source : { ...source, partition };
  });
}

/** A value that the known type does not take shows the type it looks like, which breaks the schema by name. */
function typeOf(value: string | null, known: string | undefined, values: readonly (string | null)[]): string {
  if (known !== undefined && (value === null || fits(value, known))) return known;
  const texts = known === undefined ? values.filter((one) => one !== null) : [value ?? ''];
  if (texts.length > 0 && texts.every((text) => /^-?(0|[1-9]\d{0,17})$/.test(text))) return 'BIGINT';
  return texts.length > 0 && texts.every(isDate) ? 'DATE' : 'VARCHAR';
}

/** Zeros in front are none of a number's digits: a month that was learned from 10 takes 09 too. */
function fits(text: string, type: string): boolean {
  if (type === 'VARCHAR') return true;
  if (type === 'BIGINT') return /^-?\d{1,18}$/.test(text);
  if (type === 'INTEGER') return /^-?\d{1,9}$/.test(text);
  return type === 'DATE' && isDate(text);
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** A lone % stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
