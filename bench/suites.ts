import type { Suite } from './suite.js';

/** Every suite, in the order in which they run. */
export const SUITES = [
  'profile',
  'skew',
  'compaction',
  'postgres',
  'intake',
  'queue',
  'latency',
  'scale',
  'peers',
  'simulation',
] as const;
export type SuiteName = (typeof SUITES)[number];

/** The simulation of a million objects takes longer than all others together. */
export const DEFAULT_SUITES: readonly SuiteName[] = SUITES.filter((name) => name !== 'simulation');

/** Whether a text names a suite. */
export function isSuite(name: string): name is SuiteName {
  return SUITES.some((known) => known === name);
}

/** Loads the suite of that name. */
export async function loadSuite(name: SuiteName): Promise<Suite> {
  switch (name) {
    case 'profile':
      return (await import('./suites/profile.js')).profileSuite;
    case 'skew':
      return (await import('./suites/skew.js')).skewSuite;
    case 'compaction':
      return (await import('./suites/compaction.js')).compactionSuite;
    case 'postgres':
      return (await import('./suites/postgres.js')).postgresSuite;
    case 'intake':
      return (await import('./suites/intake.js')).intakeSuite;
    case 'queue':
      return (await import('./suites/queue.js')).queueSuite;
    case 'latency':
      return (await import('./suites/latency.js')).latencySuite;
    case 'scale':
      return (await import('./suites/scale.js')).scaleSuite;
    case 'peers':
      return (await import('./suites/peers.js')).peersSuite;
    case 'simulation':
      return (await import('./suites/simulation.js')).simulationSuite;
  }
}
