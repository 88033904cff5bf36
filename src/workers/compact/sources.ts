import type { ErrorCode } from '../../shared/errors.js';
import type { Column } from '../../shared/schema/columns.js';
import type { UnpackedAvro } from './avro/unpackAvro.js';
import type { Glance, ParquetFooter } from './glance.js';
import type { ObservedColumn } from '../../shared/schema/merge.js';

/** A file of the batch on this machine. */
export interface CompactInput {
  /** UUID of the object. */
  readonly object: string;
  /** The key or path: its ending tells the format. */
  readonly name: string;
  readonly file: string;
  /** Written by Sluice: UTF-8, and in the format that its name tells, whatever the dataset's own files are. */
  readonly isOurs?: boolean;
  /** What its bytes showed as they came. */
  readonly glance?: Glance;
}

/** Parquet, comma (or tab, semicolon, pipe) separated text, one JSON object a line, one JSON array of objects. */
export type SourceFormat = 'parquet' | 'csv' | 'ndjson' | 'json';

/** NULLs of each column, in the order of the columns. */
export interface FieldNulls {
  /** Rows without a value. */
  readonly none: ArrayLike<number>;
  /** Rows with an empty text in quotes: NULL for all types but text. */
  readonly empty: ArrayLike<number>;
}

/** An input whose bytes are whole: what DuckDB reads. */
export interface Source {
  readonly object: string;
  readonly name: string;
  /** Parquet, or plain UTF-8 text. */
  readonly file: string;
  readonly format: SourceFormat;
  /** Bytes of `file`. */
  readonly bytes: number;
  /** CSV only. */
  readonly delimiter: string;
  /** In the order of the file for CSV and Parquet; NDJSON: every key that some row has. */
  readonly columns: readonly ObservedColumn[];
  /** Rows by an independent count; undefined until somebody counted. */
  readonly rows?: number;
  /** Text whose rows, keys and NULLs were told byte by byte, without the engine. */
  readonly nulls?: FieldNulls;
  /** Text that was looked through in one piece and has no NUL; in pieces, an escape may lie across their ends. */
  readonly isNulFree?: boolean;
  /** The text has NULs: the rows that hold them have to be taken out before it is read. */
  readonly hasNuls?: boolean;
  /** Rows were taken out of `file`: how many, and the line of the object's text that each record left in it begins in. */
  readonly aside?: { readonly rows: number; readonly lines: readonly number[] };
  /** Text that does not end in a newline may have been cut. */
  readonly endsInLine: boolean;
  /** Parquet: its footer, where that could be read without the engine. */
  readonly footer?: ParquetFooter;
  /** Parquet whose pages carry CRCs. */
  readonly hasPageChecksums?: boolean;
  /** Parquet: its columns of the old INT96 moments. */
  readonly int96?: readonly string[];
  /** JSON: some rows have no key; they may be no objects. */
  readonly hasBareRows?: boolean;
  /** Parquet: a column of decimals with more digits than the engine has; it would make a DOUBLE of each. */
  readonly longDecimal?: string;
  /** Values of its path, by name: columns that the file itself lacks. */
  readonly partition?: readonly PartitionValue[];
  /** `file` is written anew, with every row as it was, so that the engine reads it. */
  readonly isMended?: boolean;
  /** JSON: its long decimals were looked for, and put into quotes. */
  readonly isExact?: boolean;
  /** `file` holds the lines of an Avro file, not yet turned into Parquet. */
  readonly avro?: UnpackedAvro;
}

/** A value that a folder of the path gives to every row of the file. */
export interface PartitionValue {
  readonly name: string;
  readonly type: string;
  readonly value: string | null;
}

/** The columns of a source with those of its path. */
export function allColumns({ columns, partition = [] }: Source): readonly ObservedColumn[] {
  return [...columns, ...partition];
}

/** A column of the artifacts. */
export interface TargetColumn extends Column {
  /** Its type was guessed from this batch's text: no schema knows it yet. */
  readonly isGuess?: boolean;
}

/** An input that stays out of the artifacts. */
export interface Refusal {
  readonly object: string;
  readonly code: ErrorCode;
  /** Expected what, got what, where. */
  readonly reason: string;
}

/** True for what was refused. */
export function isRefusal(answer: Source | Refusal): answer is Refusal {
  return 'reason' in answer;
}
