/** The part of parquetjs-lite (which has no types of its own) that tests use: an independent writer of Parquet. */
declare module 'parquetjs-lite' {
  interface Field {
    readonly type: 'INT64' | 'DOUBLE' | 'UTF8' | 'BOOLEAN';
    readonly optional?: boolean;
  }
  class ParquetSchema {
    constructor(fields: Readonly<Record<string, Field>>);
  }
  class ParquetWriter {
    static openFile(schema: ParquetSchema, path: string): Promise<ParquetWriter>;
    appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
    close(): Promise<void>;
  }
  const parquet: { readonly ParquetSchema: typeof ParquetSchema; readonly ParquetWriter: typeof ParquetWriter };
  export default parquet;
}
