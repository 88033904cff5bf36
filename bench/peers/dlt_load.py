# dlt: filesystem source, Arrow straight through (no per-row work), CSV files into Postgres by COPY: its fastest documented way.
import json, os, sys
folder, url, work = sys.argv[1:4]
os.environ.update({'RUNTIME__LOG_LEVEL': 'ERROR', 'RUNTIME__DLTHUB_TELEMETRY': 'false', 'DATA_WRITER__DISABLE_COMPRESSION': 'true',
    'EXTRACT__WORKERS': '2', 'NORMALIZE__WORKERS': '2', 'LOAD__WORKERS': '4',
    'NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID': 'false', 'NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS': '100000'})
import dlt
from dlt.sources.filesystem import filesystem
import pyarrow.parquet as pq

@dlt.transformer
def tables(items):
    for item in items:
        yield pq.read_table(item['file_url'].removeprefix('file://'))

if __name__ == '__main__':
    pipeline = dlt.pipeline('bench', pipelines_dir=work, dataset_name='peer', destination=dlt.destinations.postgres(url))
    print('ready', flush=True)
    sys.stdin.readline()
    source = filesystem(bucket_url='file://' + folder, file_glob='*.parquet') | tables().with_name('events')
    pipeline.run(source, loader_file_format='csv')
    print(json.dumps({}), flush=True)
