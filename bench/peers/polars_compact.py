# polars: scan a folder of Parquet files, sink one, zstd level 1. Threads by POLARS_MAX_THREADS.
import json, sys, polars as pl
folder, out = sys.argv[1:3]
print('ready', flush=True)
sys.stdin.readline()
pl.scan_parquet(folder + '/*.parquet').sink_parquet(out, compression='zstd', compression_level=1, maintain_order=False)
print(json.dumps({}), flush=True)
