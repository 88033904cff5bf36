import { formatPath, valueAt } from './faults.js';
import { NAME, NAME_WORDS } from './fields.js';
import type { ConfigFault } from './rules.js';
import { configSchema, type ConfigFile } from './schema.js';

/** Sections whose keys are names. */
const NAMED = ['datasets', 'targets'] as const;

/** A file whose invalid names were replaced by valid ones, so that what stands below them is read too. */
export interface RenamedFile {
  readonly value: unknown;
  readonly faults: readonly ConfigFault[];
  /** A text with the names as they were written. */
  restore(text: string): string;
}

/** Replaces names of datasets and targets that are none; each is a fault. Pure. */
export function replaceInvalidNames(value: unknown): RenamedFile {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return { value, faults: [], restore: (text) => text };
  const written = new Map<string, string>();
  const faults: ConfigFault[] = [];
  const sections = Object.entries(value).map(([section, inner]) => {
    if (!isNamed(section) || inner === null || typeof inner !== 'object' || Array.isArray(inner))
      return [section, inner];
    const entries = Object.entries(inner).map(([name, one]) => {
      if (NAME.test(name)) return [name, one];
      const stand = `invalid-name-${written.size}`;
      written.set(stand, name);
      faults.push({ path: `${section}.${name}`, expected: NAME_WORDS, got: JSON.stringify(name) });
      return [stand, one];
    });
    return [section, Object.fromEntries(entries)];
  });
  const restore = (text: string) => [...written].reduce((now, [stand, name]) => now.replaceAll(stand, name), text);
  return { value: Object.fromEntries(sections), faults, restore };
}

function isNamed(section: string): boolean {
  return NAMED.some((named) => named === section);
}

/** How often what is wrong is taken out, before it is given up. */
const ROUNDS = 20;

/** What is left of a file when everything is taken out that its schema refuses, and where that was. Undefined when nothing is left. Pure. */
export function pruneInvalid(
  value: unknown,
): { readonly file: ConfigFile; readonly pruned: readonly string[] } | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const root = { ...structuredClone(value), version: 1 };
  const pruned: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const parsed = configSchema.safeParse(root);
    if (parsed.success) return { file: parsed.data, pruned };
    for (const issue of parsed.error.issues) {
      const keys = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
      for (const path of keys) {
        const there = valueAt(root, path) !== undefined || path.length === 0;
        pruned.push(take(root, there ? path : path.slice(0, -1)));
      }
    }
    if (pruned.includes('')) return undefined;
  }
  return undefined;
}

/** Takes a value out of its parent and tells its place: of a list the list's, since the places behind it move. */
function take(root: unknown, path: readonly PropertyKey[]): string {
  const parentPath = path.slice(0, -1);
  const [parent, key] = [valueAt(root, parentPath), path.at(-1)];
  if (Array.isArray(parent) && typeof key === 'number') {
    parent.splice(key, 1);
    return formatPath(parentPath);
  }
  if (key !== undefined && parent !== null && typeof parent === 'object') Reflect.deleteProperty(parent, key);
  return formatPath(path);
}

/** Faults of rules over a pruned file that say nothing about what was taken out. Pure. */
export function soundFaults(
  faults: readonly ConfigFault[],
  { root, pruned }: { readonly root: unknown; readonly pruned: readonly string[] },
): readonly ConfigFault[] {
  const names = NAMED.flatMap((section) => Object.keys(Object(valueAt(root, [section]) ?? {})));
  return faults.filter(
    ({ path, got }) => !names.includes(got) && !pruned.some((gone) => path.startsWith(gone) || gone.startsWith(path)),
  );
}
