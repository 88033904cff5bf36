// nodejs-polars: scan a folder of Parquet files, sink one, zstd level 1, order not kept. Threads by POLARS_MAX_THREADS.
import { once } from 'node:events';
import pl from 'nodejs-polars';

const [folder, out] = process.argv.slice(2);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
await pl
  .scanParquet(`${folder}/*.parquet`)
  .sinkParquet(out, { compression: 'zstd', compressionLevel: 1, maintainOrder: false })
  .collect();
process.stdout.write('{}\n', () => process.exit(0));
