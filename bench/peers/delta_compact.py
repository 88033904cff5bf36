# deltalake (delta-rs): optimize.compact of a table that holds the same files; the table is made before the measured part.
import json, os, shutil, sys
from deltalake import DeltaTable, convert_to_deltalake, WriterProperties
folder, out = sys.argv[1:3]
shutil.rmtree(out, ignore_errors=True)
shutil.copytree(folder, out)
convert_to_deltalake(out)
table = DeltaTable(out)
print('ready', flush=True)
sys.stdin.readline()
table.optimize.compact(target_size=4_000_000_000, max_concurrent_tasks=2,
    writer_properties=WriterProperties(compression='ZSTD', compression_level=1))
uris = [uri.removeprefix('file://') for uri in DeltaTable(out).file_uris()]
print(json.dumps({'files': uris}), flush=True)
