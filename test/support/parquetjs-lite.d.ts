/** The part of parquetjs-lite (which has no types of its own) that tests use: an independent writer of Parquet. */
declare module 'parquetjs-lite' {
  interface Field {
    readonly type: 'INT64' | 'DOUBLE' | 'UTF8' | 'BOOLEAN' | 'DATE' | 'TIMESTAMP_MICROS';
    readonly optional?: boolean;
  }
  /** Opaque: made here, taken by the writer. */
  interface ParquetSchema {
    readonly fields: object;
  }
  class ParquetWriter {
    static openFile(schema: ParquetSchema, path: string): Promise<ParquetWriter>;
    appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
    close(): Promise<void>;
  }
  const parquet: {
    readonly ParquetSchema: new (fields: Readonly<Record<string, Field>>) => ParquetSchema;
    readonly ParquetWriter: typeof ParquetWriter;
  };
  export default parquet;
}
