# polars: describe() of a Parquet file. Threads by POLARS_MAX_THREADS.
import json, sys, polars as pl
(path,) = sys.argv[1:]
print('ready', flush=True)
sys.stdin.readline()
frame = pl.read_parquet(path).describe()
row = {name: frame.filter(pl.col('statistic') == name) for name in ('count', 'null_count', 'max')}
rows = int(float(row['count']['event_seq'][0])) + int(float(row['null_count']['event_seq'][0]))
print(json.dumps({'rows': rows, 'lastSeq': str(int(float(row['max']['event_seq'][0]))), 'lastUser': str(int(float(row['max']['user_id'][0])))}), flush=True)
