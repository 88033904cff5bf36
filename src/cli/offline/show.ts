import type { ExitStatus } from '../io.js';
import { type Output, showBytes, showNumber } from '../output.js';
import type { CompactedObject, CompactReport } from './compactInputs.js';

/** 1 when nothing could be read, or something was set aside and `strict` asks for that. */
export function exitOf(objects: readonly CompactedObject[], strict = false): ExitStatus {
  const bad = objects.filter(({ state }) => state === 'quarantined').length;
  return bad === objects.length || (strict && bad > 0) ? 1 : 0;
}

/** Names every file that was set aside, with its reason, and what to do about each kind. */
export function showQuarantined(output: Output, objects: readonly CompactedObject[]): void {
  const bad = objects.filter(({ state }) => state === 'quarantined');
  if (bad.length === 0) return;
  output.line();
  output.line(output.paint.bad(`${bad.length} quarantined`));
  output.table(
    ['file', 'code', 'reason'],
    bad.map(({ uri, code, reason }) => [uri, code, reason]),
  );
  const mends = new Map(bad.map(({ code, mend }) => [code, mend]));
  for (const [code, mend] of mends) if (mend !== undefined) output.line(`${code}: ${mend}`);
}

/** The answer of `sluice compact` for people. */
export function showCompact(output: Output, report: CompactReport): void {
  const bytes = report.artifacts.reduce((sum, artifact) => sum + artifact.bytes, 0);
  output.table(
    ['artifact', 'rows', 'bytes'],
    report.artifacts.map(({ path, rows, bytes }) => [path, rows, bytes]),
  );
  showQuarantined(output, report.objects);
  output.line();
  output.line(
    `${showNumber(report.objects.length)} files, ${showNumber(report.rows.in)} rows in, ${showNumber(report.rows.out)} rows out, ` +
      `${showBytes(bytes)}, ${report.seconds.toFixed(1)} s`,
  );
}
