import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { SluiceError } from '../errors.js';
import { type Limits, NO_LIMITS, readLimits } from '../cgroup.js';
import type { Config } from './config.js';
import { type Environment, substituteEnvironment } from './environment.js';
import { describeIssue, isCircular, nameFaults } from './faults.js';
import { pruneInvalid, replaceInvalidNames, soundFaults } from './lenient.js';
import { resolveConfig } from './resolve.js';
import { type ConfigFault, findRuleFaults } from './rules.js';
import { configSchema } from './schema.js';

/** File names tried in a folder, in this order. */
export const CONFIG_NAMES = ['sluice.yaml', 'sluice.yml'] as const;

export type ParseAnswer =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'faults'; readonly faults: readonly ConfigFault[] };

/** The process's environment: the only place that reads it. */
export function readEnvironment(): Environment {
  return process.env;
}

/** Reads and checks the configuration. Throws CONFIG_NOT_FOUND, or CONFIG_INVALID whose message lists every fault. */
export function loadConfig(file: string | undefined, folder = process.cwd(), env = readEnvironment()): Config {
  const { path, answer } = checkConfig(file, folder, env);
  if (answer.kind === 'config') return answer.config;
  throw new SluiceError(
    'CONFIG_INVALID',
    `${path}: ${answer.faults.length} fault(s)\n${answer.faults.map(describeFault).join('\n')}`,
    {
      facts: { file: path, faults: answer.faults.length },
    },
  );
}

/** Reads and checks the configuration; its faults are an answer. Throws CONFIG_NOT_FOUND. */
export function checkConfig(
  file: string | undefined,
  folder = process.cwd(),
  env = readEnvironment(),
): { readonly path: string; readonly answer: ParseAnswer } {
  const path = file === undefined ? findConfigFile(folder) : resolve(folder, file);
  return { path, answer: parseConfig(readText(path), { folder: dirname(path), file: path }, env, readLimits()) };
}

/** What a configuration file says before it is checked, and the line of each place in it; undefined where it is no YAML. */
export interface RawConfig {
  readonly value: unknown;
  lineOf(path: string): number | undefined;
}

/** Reads a configuration file without checking it; variables that are not set stay as they are written. Throws CONFIG_NOT_FOUND. */
export function readRawConfig(path: string, env = readEnvironment()): RawConfig | undefined {
  const lines = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter: lines });
  if (document.errors.length > 0 || isCircular(document.toJS())) return undefined;
  const { value } = substituteEnvironment(document.toJS(), env);
  return { value, lineOf: (place) => lineOf(document, lines, place) };
}

const CIRCULAR: ParseAnswer = {
  kind: 'faults',
  faults: [{ path: '', expected: 'values', got: 'an alias that leads back to itself' }],
};

/** Parses the text of a configuration file; pure. Every fault is reported at once, with its line. `limits`: what the engines share. */
export function parseConfig(
  text: string,
  place: { folder: string; file?: string },
  env: Environment,
  limits: Limits = NO_LIMITS,
): ParseAnswer {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    return {
      kind: 'faults',
      faults: document.errors.map((error) => ({
        line: lines.linePos(error.pos[0]).line,
        path: '',
        expected: 'valid YAML',
        got: error.message.split('\n')[0] ?? '',
      })),
    };
  }
  const withLine = (fault: ConfigFault): ConfigFault => {
    const line = lineOf(document, lines, fault.path);
    return line === undefined ? fault : { ...fault, line };
  };
  if (isCircular(document.toJS())) return CIRCULAR;
  const substituted = substituteEnvironment(document.toJS(), env);
  const named = replaceInvalidNames(substituted.value);
  const parsed = configSchema.safeParse(named.value);
  const unset = new Set(substituted.faults.map(({ path }) => path));
  const restored = (fault: ConfigFault): ConfigFault => ({
    path: named.restore(fault.path),
    expected: named.restore(fault.expected),
    got: named.restore(fault.got),
  });
  const issues = parsed.error?.issues.flatMap((issue) => describeIssue(issue, named.value)).map(restored) ?? [];
  const faults = [
    ...substituted.faults,
    ...nameFaults(substituted.value),
    ...named.faults,
    ...issues.filter(({ path }) => !unset.has(path)),
  ];
  if (parsed.success && faults.length === 0) {
    const config = resolveConfig(parsed.data, place, env, limits);
    const ruleFaults = findRuleFaults(config);
    return ruleFaults.length > 0 ? { kind: 'faults', faults: ruleFaults.map(withLine) } : { kind: 'config', config };
  }
  const sound = pruneInvalid(named.value);
  const more = sound === undefined ? [] : findRuleFaults(resolveConfig(sound.file, place, env, limits));
  const rules = soundFaults(more, { root: named.value, pruned: sound?.pruned ?? [] }).map(restored);
  return { kind: 'faults', faults: [...faults, ...rules].map(withLine) };
}

/** One line for people: `line 12: datasets.orders.batch.maxFiles: expected number, got "many"`. */
export function describeFault(fault: ConfigFault): string {
  return `  ${fault.line === undefined ? '' : `line ${fault.line}: `}${fault.path || '(file)'}: expected ${fault.expected}, got ${fault.got}`;
}

/** The line of the deepest node on the path that the file has. */
function lineOf(document: ReturnType<typeof parseDocument>, lines: LineCounter, path: string): number | undefined {
  const keys = path
    .split(/\.|\[|\]\.?/)
    .filter((key) => key !== '')
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  for (let depth = keys.length; depth > 0; depth--) {
    const node: unknown = document.getIn(keys.slice(0, depth), true);
    const range: unknown = node !== null && typeof node === 'object' ? Reflect.get(node, 'range') : undefined;
    if (Array.isArray(range) && typeof range[0] === 'number') return lines.linePos(range[0]).line;
  }
  return undefined;
}

function findConfigFile(folder: string): string {
  for (const name of CONFIG_NAMES) {
    const path = resolve(folder, name);
    try {
      readFileSync(path);
      return path;
    } catch {
      continue;
    }
  }
  throw new SluiceError('CONFIG_NOT_FOUND', `expected ${CONFIG_NAMES.join(' or ')} in ${folder}, got neither`, {
    facts: { folder },
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SluiceError('CONFIG_NOT_FOUND', `expected a readable file, got none at ${path}`, {
      facts: { file: path },
      cause: error,
    });
  }
}
