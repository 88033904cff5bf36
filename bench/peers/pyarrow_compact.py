# pyarrow: read a dataset's batches, write one file, zstd level 1.
import json, os, sys, pyarrow as pa, pyarrow.dataset as ds, pyarrow.parquet as pq
folder, out = sys.argv[1:3]
pa.set_cpu_count(2)
print('ready', flush=True)
sys.stdin.readline()
data = ds.dataset(folder, format='parquet')
with pq.ParquetWriter(out, data.schema, compression='zstd', compression_level=1) as writer:
    for batch in data.to_batches(batch_size=122_880):
        writer.write_batch(batch)
print(json.dumps({'files': [out]}), flush=True)
