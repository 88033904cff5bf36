/** How OpenLineage names a dataset. */
export interface DatasetName {
  readonly namespace: string;
  readonly name: string;
}

/** A prefix of a store: `s3://bucket` and the prefix, or `file` and the folder. `store` is a bucket's name, or the store's URL. */
export function storeDataset(store: string, prefix: string): DatasetName {
  const folder = prefix.replace(/\/+$/, '');
  if (store.startsWith('file:')) {
    const base = decodeURIComponent(new URL(store).pathname).replace(/\/+$/, '');
    return { namespace: 'file', name: folder === '' ? base : `${base}/${folder}` };
  }
  const [bucket = '', ...rest] = store.replace(/^s3:\/\//, '').split('/');
  const name = [...rest, folder].filter((part) => part !== '').join('/');
  return { namespace: `s3://${bucket}`, name: name === '' ? '/' : name };
}

/** A table: `postgres://host:port` and `database.schema.table`; `snowflake://account` and `DATABASE.SCHEMA.TABLE`. `url` as the target displays it. */
export function tableDataset(url: string, table: string, schema: string): DatasetName {
  const { protocol, hostname, port, pathname } = new URL(url);
  const [database = '', ownSchema = schema] = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const isSnowflake = protocol === 'snowflake:';
  const host = isSnowflake ? hostname : `${hostname || 'localhost'}:${port || '5432'}`;
  const qualified = table.includes('.') ? table : `${isSnowflake ? ownSchema : schema}.${table}`;
  return { namespace: `${isSnowflake ? 'snowflake' : 'postgres'}://${host}`, name: `${database}.${qualified}` };
}
