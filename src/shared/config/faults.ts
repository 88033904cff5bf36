import type { z } from 'zod';
import { NOT_YET } from './notYet.js';
import type { ConfigFault } from './rules.js';

/** What a schema found wrong, as faults: where, what was expected, what came. `root` is the value that was read. Pure. */
export function describeIssue(issue: z.core.$ZodIssue, root: unknown): readonly ConfigFault[] {
  const path = formatPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: path === '' ? key : `${path}.${key}`,
      expected: NOT_YET.has(key) ? 'no such key in this version (announced, not built yet)' : 'a known key',
      got: `unknown key ${key}`,
    }));
  }
  const isWorded = issue.message.startsWith('expected ');
  if (issue.code === 'invalid_union' && issue.errors.length > 0 && !(isWorded && issue.errors.every(misfitOf))) {
    const best = issue.errors.toSorted((a, b) => misfitOf(a) - misfitOf(b) || a.length - b.length)[0] ?? [];
    return best.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, root));
  }
  const own = /^expected (.*?)(?:, got ([^,]*|\[.*\]|\{.*\}|".*"))?$/s.exec(issue.message);
  const [, expected, got] = own ?? [undefined, expectedOf(issue)];
  return [{ path, expected: expected ?? issue.message, got: got ?? describeValue(valueAt(root, issue.path)) }];
}

/** Whether an alias of YAML leads back into itself: such a value has no end. */
export function isCircular(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return false;
  } catch {
    return true;
  }
}

/** Keys that no mapping of the language can hold: they would be dropped without a word. Pure. */
export function nameFaults(value: unknown, path: readonly PropertyKey[] = []): readonly ConfigFault[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = [...path, Array.isArray(value) ? Number(key) : key];
    const own = key === '__proto__' ? [{ path: formatPath(place), expected: 'another name', got: key }] : [];
    return [...own, ...nameFaults(inner, place)];
  });
}

/** 1 where a choice wants another kind of value altogether, so that its faults say nothing about what was written. */
function misfitOf(issues: readonly z.core.$ZodIssue[]): number {
  return issues.some(({ path, code }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'))
    ? 1
    : 0;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** What the schema's own words mean, in ours. */
function expectedOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return boundOf(issue.origin, issue.inclusive === false ? 'more than' : 'at least', Number(issue.minimum));
    case 'too_big':
      return boundOf(issue.origin, issue.inclusive === false ? 'less than' : 'at most', Number(issue.maximum));
    case 'invalid_union': {
      const [, options] = /Expected (.*)$/.exec(issue.message) ?? [];
      return options === undefined ? 'another value' : `one of ${options.replaceAll("'", '').replaceAll(' | ', ', ')}`;
    }
    default:
      return issue.message.replace(/^Invalid \w+: /, '');
  }
}

function boundOf(origin: string, bound: string, size: number): string {
  const units: Readonly<Record<string, readonly [string, string]>> = {
    string: [' character', ' characters'],
    array: [' entry', ' entries'],
  };
  return `${bound} ${size}${units[origin]?.[size === 1 ? 0 : 1] ?? ''}`;
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value !== null && typeof value === 'object' ? Reflect.get(value, key) : undefined),
    root,
  );
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** A path as people write it: `datasets.orders.load[0].target`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
