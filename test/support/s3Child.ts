import { CREDENTIALS } from './s3.js';
import { startS3 } from '../../src/embedded/s3/server.js';

// A process of its own that serves a folder, to be killed. Tells its URL to its parent.
const server = await startS3({ dir: process.argv[2] ?? '', credentials: CREDENTIALS, buckets: ['crash'] });
process.send?.(server.url);
