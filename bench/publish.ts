import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderChart } from './harness/chart.js';
import { FIGURES } from './harness/catalogue.js';
import { describeMachine, type ResultFile } from './harness/report.js';
import { notRun, type Result } from './harness/result.js';

const BEGIN = '<!-- figures: written by npm run bench -- --publish -->';
const END = '<!-- end of figures -->';

/** What the documentation shows: the newest measurement of each figure, and under which load it was taken. */
export interface Published {
  readonly runs: readonly Pick<ResultFile, 'startedAt' | 'seconds' | 'mode' | 'part' | 'machine' | 'load'>[];
  readonly results: readonly (Result & { readonly run: number | null })[];
}

/** Takes the figures of several result files together (a later file wins) and writes docs/performance.{json,svg,md}. */
export function publish(paths: readonly string[], docs: string): void {
  const files = paths.map((path): ResultFile => JSON.parse(readFileSync(path, 'utf8')));
  const published = combine(files);
  writeFileSync(join(docs, 'performance.json'), `${JSON.stringify(published, undefined, 2)}\n`);
  writeFileSync(join(docs, 'performance.svg'), renderChart(published.results));
  const page = join(docs, 'performance.md');
  writeFileSync(page, withFigures(readFileSync(page, 'utf8'), published));
}

function combine(files: readonly ResultFile[]): Published {
  const results = FIGURES.map(({ name }) => {
    const found = files.flatMap((file, run) =>
      file.results.filter((result) => result.name === name).map((result) => ({ ...result, run })),
    );
    const measured = found.filter(({ status }) => status === 'measured').at(-1);
    return measured ?? found.at(-1) ?? { ...notRun(name, 'not run for this page'), run: null };
  });
  const runs = files.map(({ startedAt, seconds, mode, part = 1, machine, load }) => ({
    startedAt,
    seconds,
    mode,
    part,
    machine,
    load,
  }));
  return { runs, results };
}

/** The page with its table replaced. Throws when the page has no place for it. */
export function withFigures(page: string, published: Published): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`expected ${BEGIN} and ${END} in the page`);
  return `${page.slice(0, from)}${BEGIN}\n\n${renderFigures(published)}\n${page.slice(to)}`;
}

function renderFigures({ runs, results }: Published): string {
  const rows = results.map((result) => {
    const { name, title, goal, direction, met, ratio, unit, spread, runs: pairs, reason, run } = result;
    const value = ratio === null ? 'not run' : unit.endsWith('ratio') ? String(ratio) : `${ratio} ${unit}`;
    const range = spread === null ? '' : `${spread[0]} to ${spread[1]}, ${pairs}`;
    const verdict = met === null ? '' : met ? 'yes' : '**no**';
    const what = ratio === null ? `${title} (${reason ?? ''})` : title;
    return `| ${name} | ${value} | ${range} | ${direction} ${goal} | ${verdict} | ${what} | ${ratio === null || run === null ? '' : run + 1} |`;
  });
  const notes = runs.map(
    (file, index) => `${index + 1}. ${file.startedAt}: ${describeMachine({ ...file, suites: [], results: [] })}`,
  );
  return [
    '| figure | value | spread, runs | goal | met | what over what | run |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    'Runs:',
    '',
    ...notes,
    '',
  ].join('\n');
}
