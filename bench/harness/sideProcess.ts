// The process of one side: makes it ready, runs it when told, digests, closes.
import type { Args, OpenSide, Side } from './side.js';

const [moduleUrl = '', name = ''] = process.argv.slice(2);

async function open(): Promise<OpenSide> {
  const loaded: Readonly<Record<string, unknown>> = await import(moduleUrl);
  const side = loaded[name];
  if (typeof side !== 'function') throw new Error(`expected ${moduleUrl} to export ${name}`);
  // Lists of thousands of files are too long for a command line.
  const args = new Promise<Args>((resolve) => process.once('message', (message) => resolve(message as Args)));
  await tell({ kind: 'loaded' });
  return (side as Side)(await args);
}

const tell = (message: object) =>
  new Promise<void>((resolve, reject) => process.send?.(message, (error) => (error ? reject(error) : resolve())));
const told = (word: string) =>
  new Promise<void>((resolve) => {
    const listen = (message: unknown) => {
      if (message !== word) return;
      process.off('message', listen);
      resolve();
    };
    process.on('message', listen);
  });

process.on('disconnect', () => process.exit(1));
try {
  const side = await open();
  const go = told('go');
  await tell({ kind: 'ready' });
  await go;
  const started = performance.now();
  const answer = await side.run();
  const wallSeconds = (performance.now() - started) / 1000;
  const next = told('digest');
  await tell({ kind: 'ran', answer, wallSeconds });
  await next;
  await tell({ kind: 'digest', digest: await side.digest() });
  await side.close();
  process.exit(0);
} catch (error) {
  await tell({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exit(1);
}
