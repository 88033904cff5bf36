import { writeFileSync } from 'node:fs';
import type { Load, Machine } from './machine.js';
import type { Result } from './result.js';

/** What one run of the benchmarks leaves behind. */
export interface ResultFile {
  readonly startedAt: string;
  readonly seconds: number;
  readonly mode: 'quick' | 'full';
  /** Share of the full data. */
  readonly part: number;
  readonly suites: readonly string[];
  readonly machine: Machine;
  readonly load: Load;
  readonly results: readonly Result[];
}

/** Writes a result file, for people to read too. */
export function writeResults(path: string, file: ResultFile): void {
  writeFileSync(path, `${JSON.stringify(file, undefined, 2)}\n`);
}

/** The results as a table of text, with a line about machine and load. */
export function renderTable(file: ResultFile): string {
  const head = ['figure', 'ratio', 'spread', 'goal', '', 'what over what'];
  const rows = file.results.map((result) => [
    result.name,
    result.ratio === null ? 'not run' : shown(result.ratio, result.unit),
    result.spread === null ? '' : `${result.spread[0]} .. ${result.spread[1]}`,
    result.goal === null ? '' : `${result.direction} ${result.goal}`,
    result.met === null ? '' : result.met ? 'met' : 'NOT met',
    result.reason ?? result.title,
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, '', describeMachine(file)].join('\n');
}

/** Machine, load and mode in one sentence. */
export function describeMachine({ machine, load, mode, part, seconds }: ResultFile): string {
  const { cpu, cores, memoryBytes, node } = machine;
  const small =
    mode === 'quick'
      ? ' Quick mode: small data, one pair; the ratios mean nothing.'
      : part < 1
        ? ` ${part} of the data.`
        : '';
  return `${cores} x ${cpu}, ${Math.round(memoryBytes / 2 ** 30)} GiB, Node ${node}; load ${load.before} before, ${load.after} after; ${seconds} s.${small}`;
}

function shown(value: number, unit: string): string {
  return unit.endsWith('ratio') ? String(value) : `${value} ${unit}`;
}
