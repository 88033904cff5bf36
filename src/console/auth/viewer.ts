import { AsyncLocalStorage } from 'node:async_hooks';
import type { Role } from '../../shared/config/consoleFields.js';

/** Who asks. */
export interface Viewer {
  readonly name: string;
  readonly role: Role;
  /** What forms must send back; undefined for a program that asks with a token, which no web page can do in its name. */
  readonly csrf?: string;
  /** When the session ends, in ms since 1970; undefined for a program. */
  readonly until?: number;
}

/** Who signs in where the configuration names no users. */
export const THE_ONE_USER = { name: 'admin', role: 'operator' } as const;

const asking = new AsyncLocalStorage<Viewer>();

/** Runs the rest of a request as this viewer's. */
export function asViewer<T>(viewer: Viewer, run: () => T): T {
  return asking.run(viewer, run);
}

/** Who asks for the page that is being made; undefined where there is no sign-in. */
export function currentViewer(): Viewer | undefined {
  return asking.getStore();
}
