import { z } from 'zod';
import { formatCount, formatShare, plural } from '../format.js';
import { html, type Html, type HtmlValue } from '../html.js';
import type { FindingRow } from '../live/snapshot.js';
import { batchLink, foreign } from './names.js';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const skewData = z.object({
  key: z.array(z.string()),
  topShare: z.number(),
  maxOverMean: z.number(),
  skewed: z.boolean().default(false),
  hotKeys: z
    .array(z.object({ key: z.union([scalar, z.array(scalar)]), rows: z.number(), share: z.number() }))
    .default([]),
  advice: z.object({ kind: z.string(), salts: z.number().optional() }).optional(),
});
const driftData = z.object({ drifts: z.array(z.object({ column: z.string(), kind: z.string() })) });
const checkData = z.object({ expected: z.unknown(), actual: z.unknown(), failingRows: z.number().optional() });

/** The newest of each check and key, those that ask for attention first. */
export function chooseFindings(findings: readonly FindingRow[], limit: number): readonly FindingRow[] {
  const newest = new Map<string, FindingRow>();
  for (const finding of findings) {
    const place = JSON.stringify([finding.dataset, finding.kind, finding.name, finding.column]);
    if (!newest.has(place)) newest.set(place, finding);
  }
  return [...newest.values()].sort((a, b) => urgencyOf(a) - urgencyOf(b)).slice(0, limit);
}

/** One finding as a list item: a check's verdict, or how a key is spread. What has another shape is told by its name. */
export function renderFinding(finding: FindingRow, place: FindingPlace): Html {
  return finding.kind === 'skew' ? renderSkew(finding, place) : renderCheck(finding, place);
}

function urgencyOf({ kind, verdict, data }: FindingRow): number {
  if (verdict === 'fail') return 0;
  if (verdict === 'warn') return 1;
  if (kind !== 'skew') return 4;
  return skewData.safeParse(data).data?.skewed === true ? 2 : 3;
}

function renderCheck(finding: FindingRow, place: FindingPlace): Html {
  const { name, column, verdict, data } = finding;
  const told = checkData.safeParse(data).data;
  const outcome = driftsOf(data) ?? (told === undefined ? undefined : outcomeOf(told));
  const isNamed = column !== undefined && !name.startsWith(`${column}.`);
  return html`<li class="finding">
    <span class="pill v-${verdict ?? 'pass'}">${verdict ?? 'check'}</span>
    <div>
      <p>${foreign(name)}${isNamed && html` on <span class="mono">${foreign(column)}</span>`}</p>
      <p class="muted">${joined([outcome !== undefined && foreign(outcome), renderPlace(finding, place)])}</p>
    </div>
  </li>`;
}

/** What drifted, the first ten of it; undefined where the finding is not about drift. */
function driftsOf(data: unknown): string | undefined {
  const told = driftData.safeParse(data).data?.drifts;
  if (told === undefined) return undefined;
  const shown = told.slice(0, 10).map(({ column, kind }) => `${column} (${kind})`);
  return `${plural(told.length, 'drift')}${shown.length === 0 ? '' : `: ${shown.join(', ')}`}${told.length > 10 ? ', …' : ''}`;
}

function outcomeOf({ expected, actual, failingRows }: z.infer<typeof checkData>): string {
  if (expected === undefined) return '';
  if (failingRows !== undefined)
    return `expected ${textOf(expected)}, ${plural(failingRows, 'row fails', 'rows fail')}`;
  return `expected ${textOf(expected)}, got ${textOf(actual)}`;
}

/** Where a finding is shown: beside those of other batches, or on the page of its own. */
export type FindingPlace = 'among others' | 'own page';

function renderPlace({ dataset, batch }: FindingRow, place: FindingPlace): Html | false {
  return place === 'among others' && html`${dataset}, batch ${batchLink(batch)}`;
}

function joined(parts: readonly (Html | false)[]): HtmlValue {
  return parts.filter((part) => part !== false).map((part, index) => (index === 0 ? part : html` · ${part}`));
}

function renderSkew(finding: FindingRow, place: FindingPlace): Html {
  const parsed = skewData.safeParse(finding.data);
  if (!parsed.success) return renderCheck(finding, place);
  const { key, maxOverMean, skewed, hotKeys, advice } = parsed.data;
  const salts = advice?.salts === undefined ? '' : ` by ${advice.salts}`;
  return html`<li class="finding">
    <span class="pill ${skewed ? 'v-warn' : 'v-pass'}">${skewed ? 'skewed' : 'even'}</span>
    <div>
      <p>
        <span class="mono">${foreign(key.join(', '))}</span>
        ${skewed ? `holds ${maxOverMean.toFixed(1)} times the mean in one key` : 'spreads evenly enough'}
      </p>
      ${skewed && renderHotKeys(hotKeys.slice(0, 3))}
      <p class="muted">
        ${joined([
          advice !== undefined && advice.kind !== 'none' && html`advice: ${advice.kind}${salts}`,
          renderPlace(finding, place),
        ])}
      </p>
    </div>
  </li>`;
}

function renderHotKeys(keys: z.infer<typeof skewData>['hotKeys']): Html {
  return html`<ul class="hot">
    ${keys.map(
      ({ key, rows, share }) =>
        html`<li>
          <span class="mono hot-key">${foreign(keyText(key))}</span>
          <svg class="hot-bar" aria-hidden="true">
            <rect width="100%" height="100%" class="m-none" />
            <rect width="${Math.min(100, share * 100)}%" height="100%" class="m-hot" />
          </svg>
          <span>${formatShare(share)}, ${formatCount(rows)} rows</span>
        </li>`,
    )}
  </ul>`;
}

function keyText(key: z.infer<typeof skewData>['hotKeys'][number]['key']): string {
  return Array.isArray(key) ? key.map(String).join(', ') : String(key);
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === undefined ? 'nothing' : text.slice(0, 120);
}
