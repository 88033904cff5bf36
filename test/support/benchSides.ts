import { spawnSync } from 'node:child_process';
import { type Args, numberOf, type OpenSide } from '../../bench/harness/side.js';

/** Burns `cpuMs` of CPU, half of it in a child process, and says it made `rows` rows. */
export async function burn(args: Args): Promise<OpenSide> {
  const cpuMs = numberOf(args, 'cpuMs');
  const run = async () => {
    const script = `${spin.toString()}; spin(${cpuMs / 2})`;
    spawnSync(process.execPath, ['-e', script]);
    spin(cpuMs / 2);
    return { units: numberOf(args, 'rows') };
  };
  return { run, digest: async () => ({ rows: numberOf(args, 'rows') }), close: async () => {} };
}

/** Holds `megabytes` of memory for a moment. */
export async function hold(args: Args): Promise<OpenSide> {
  const run = async () => {
    const held = Buffer.alloc(numberOf(args, 'megabytes') * 1e6, 1);
    await new Promise((resolve) => setTimeout(resolve, 400));
    return { bytes: held.length };
  };
  return { run, digest: async () => null, close: async () => {} };
}

/** Fails in its work. */
export async function fail(): Promise<OpenSide> {
  const run = async () => {
    throw new Error('expected work, got a fault');
  };
  return { run, digest: async () => null, close: async () => {} };
}

/** Runs in the child as text too, so it names nothing outside. */
function spin(ms: number): void {
  const before = process.cpuUsage();
  for (let used = 0, turns = 0; used < ms;) {
    for (const next = turns + 1e6; turns < next; turns++);
    const { user, system } = process.cpuUsage(before);
    used = (user + system) / 1000;
  }
}
