// Takes change events over HTTP, one a request, as Debezium Server's `http` sink sends them, and lands them as NDJSON files in the lake.
// An event is acknowledged once it is on disk; a file that is on disk is put into the lake however often it takes.
import { createServer } from 'node:http';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

const {
  LAKE_ENDPOINT,
  LAKE_ACCESS_KEY,
  LAKE_SECRET_KEY,
  SPOOL = '/spool',
  PORT = '8090',
  EVERY_MS = '5000',
} = process.env;
const s3 = new S3Client({
  endpoint: LAKE_ENDPOINT,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId: LAKE_ACCESS_KEY ?? '', secretAccessKey: LAKE_SECRET_KEY ?? '' },
});
mkdirSync(SPOOL, { recursive: true });
const current = join(SPOOL, 'current');
let file = openSync(current, 'a');
let isLanding = false;

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8').trim();
  try {
    // a tombstone has no body
    if (text !== '') writeSync(file, `${JSON.stringify(JSON.parse(text))}\n`);
    fsyncSync(file);
    response.writeHead(204).end();
  } catch (error) {
    response.writeHead(400).end(String(error));
  }
});

async function land() {
  if (isLanding) return;
  isLanding = true;
  try {
    if (existsSync(current) && readFileSync(current).length > 0) {
      closeSync(file);
      renameSync(current, join(SPOOL, `${Date.now()}-${process.pid}.ndjson`));
      file = openSync(current, 'a');
    }
    for (const name of readdirSync(SPOOL)
      .filter((known) => known.endsWith('.ndjson'))
      .sort()) {
      const Body = readFileSync(join(SPOOL, name));
      await s3.send(new PutObjectCommand({ Bucket: 'lake', Key: `raw/changes/${name}`, Body }));
      rmSync(join(SPOOL, name));
    }
  } catch (error) {
    console.error(`the lake does not take a file, which stays on disk: ${error}`);
  } finally {
    isLanding = false;
  }
}

const timer = setInterval(land, Number(EVERY_MS));
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, async () => {
    clearInterval(timer);
    server.close();
    await land();
    process.exit(0);
  });
}
server.listen(Number(PORT), () => console.log(`takes changes at ${server.address().port}`));
