import { spawnSync } from 'node:child_process';
import { openEngine } from '../../../src/shared/engine/open.js';

/** A process that holds a session with a running statement, and tells the pid of the session's child. */
const engine = openEngine();
const session = await engine.open({ scratch: process.argv[2] ?? '' });
session.run('SELECT max(sin(a.range * b.range)) FROM range(1000000) a, range(1000000) b').catch(() => {});
const found = spawnSync('pgrep', ['-P', String(process.pid), 'node'], { encoding: 'utf8' });
process.send?.(Number(found.stdout.trim().split('\n')[0]));
