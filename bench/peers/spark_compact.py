# Spark local[2]: read a folder, write one zstd file. The session is started and the JVM warm before the measured part.
import glob, json, os, sys
from pyspark.sql import SparkSession
folder, out = sys.argv[1:3]
spark = (SparkSession.builder.master('local[2]').config('spark.ui.enabled', 'false').config('spark.driver.memory', '4g')
    .config('spark.sql.parquet.compression.codec', 'zstd').config('spark.sql.parquet.outputTimestampType', 'TIMESTAMP_MICROS')
    .config('spark.sql.session.timeZone', 'UTC').config('spark.sql.adaptive.enabled', 'true')
    .config('spark.sql.files.maxPartitionBytes', str(1 << 30)).getOrCreate())
spark.sparkContext.setLogLevel('ERROR')
spark.range(100_000).coalesce(1).write.mode('overwrite').parquet(out + '.warm')
print('ready', flush=True)
sys.stdin.readline()
# Two output files: each of the two threads writes one, which is faster than one writer.
spark.read.parquet(folder).coalesce(2).write.mode('overwrite').parquet(out)
print(json.dumps({'files': sorted(glob.glob(out + '/*.parquet'))}), flush=True)
