import type { Output } from '../output.js';
import { showSummary } from '../run/showSummary.js';
import type { DemoSummary } from './demo.js';

/** The demo's summary for people: the run's, what was done to it, and where to look. */
export function showDemo(output: Output, summary: DemoSummary): void {
  const { paint } = output;
  output.line();
  showSummary(output, summary);
  for (const { kind, filesDone } of summary.faults) output.line(paint.bad(`${kind} after ${filesDone} files`));
  const url = summary.targets['warehouse'] ?? '';
  output.line();
  output.table(
    ['look around', ''],
    [
      ['console', summary.console],
      ['Bull Board', summary.queues],
      [
        'psql',
        `psql '${url}' -c 'SELECT origin, count(*), avg(delay) FROM flights GROUP BY 1 ORDER BY 2 DESC LIMIT 5'`,
      ],
      ['sluice', `npx sluice sql "SELECT count(*) FROM flights" --config ${summary.config}`],
    ],
  );
}
