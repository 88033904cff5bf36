import { type Output, showBytes, showNumber } from '../output.js';
import type { RunSummary } from './summary.js';

/** A run's summary for people. */
export function showSummary(output: Output, summary: RunSummary): void {
  const { objects, rows, bytes, checks, audit, latencyMs, seconds } = summary;
  const { paint } = output;
  output.table(
    ['', ''],
    [
      [
        'files',
        `${showNumber(objects.found)} found, ${showNumber(objects.loaded)} loaded, ${showNumber(objects.quarantined)} quarantined, ${objects.held === 0 ? '' : `${showNumber(objects.held)} held, `}${showNumber(objects.ignored)} ignored`,
      ],
      ['artifacts', `${showNumber(summary.artifacts)} of ${showNumber(summary.batches)} batches`],
      ['bytes', `${showBytes(bytes.in)} in, ${showBytes(bytes.out)} out`],
      [
        'rows',
        `${showNumber(rows.in)} in, ${showNumber(rows.loaded)} loaded, ${showNumber(rows.quarantined)} quarantined`,
      ],
      [
        'checks',
        `${showNumber(checks.pass)} passed, ${showNumber(checks.warn)} warned, ${showNumber(checks.fail)} failed`,
      ],
      ['audit', audit.balanced ? paint.good('balanced') : paint.bad('not balanced: see `sluice audit`')],
      ...(latencyMs === undefined
        ? []
        : [
            [
              'latency',
              `p50 ${showSeconds(latencyMs.p50)}, p99 ${showSeconds(latencyMs.p99)} from arrival to visible row`,
            ],
          ]),
      ['time', `${seconds.toFixed(1)} s`],
      ...Object.entries(summary.targets).map(([name, url]) => [name, url]),
    ],
  );
  showBad(output, summary);
  showSkewed(output, summary);
}

function showBad(output: Output, { quarantined }: RunSummary): void {
  if (quarantined.length === 0) return;
  output.line();
  output.line(output.paint.bad(`${showNumber(quarantined.length)} quarantined`));
  output.table(
    ['file', 'code', 'reason'],
    quarantined.slice(0, 20).map(({ uri, code, reason }) => [uri, code, reason]),
  );
  if (quarantined.length > 20)
    output.line(`and ${showNumber(quarantined.length - 20)} more: sluice objects D --state quarantined`);
}

function showSkewed(output: Output, { skew }: RunSummary): void {
  if (skew.length === 0) return;
  output.line();
  output.table(
    ['skewed column', 'largest over mean', 'hot keys'],
    skew.map(({ dataset, column, maxOverMean, hotKeys }) => [
      `${dataset}.${column}`,
      maxOverMean.toFixed(1),
      hotKeys
        .slice(0, 5)
        .map(({ key, share }) => `${[key].flat().join(', ')} ${(share * 100).toFixed(1)}%`)
        .join(', '),
    ]),
  );
}

function showSeconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
