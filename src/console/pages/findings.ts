import { z } from 'zod';
import { formatCount, formatShare } from '../format.js';
import { html, type Html } from '../html.js';
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
export function renderFinding(finding: FindingRow): Html {
  return finding.kind === 'skew' ? renderSkew(finding) : renderCheck(finding);
}

function urgencyOf({ kind, verdict, data }: FindingRow): number {
  if (verdict === 'fail') return 0;
  if (verdict === 'warn') return 1;
  if (kind !== 'skew') return 4;
  return skewData.safeParse(data).data?.skewed === true ? 2 : 3;
}

function renderCheck(finding: FindingRow): Html {
  const { name, column, verdict, dataset, batch, data } = finding;
  const parsed = checkData.safeParse(data);
  const told = parsed.success ? parsed.data : { expected: undefined, actual: undefined, failingRows: undefined };
  return html`<li class="finding">
    <span class="pill v-${verdict ?? 'pass'}">${verdict ?? 'check'}</span>
    <div>
      <p>${name}${column !== undefined && html` on <span class="mono">${foreign(column)}</span>`}</p>
      <p class="muted">
        ${told.expected !== undefined && html`expected ${textOf(told.expected)}, got ${textOf(told.actual)}${told.failingRows ? html`, ${formatCount(told.failingRows)} rows fail` : ''} · `}${dataset},
        batch ${batchLink(batch)}
      </p>
    </div>
  </li>`;
}

function renderSkew(finding: FindingRow): Html {
  const { name, dataset, batch, data } = finding;
  const parsed = skewData.safeParse(data);
  if (!parsed.success)
    return html`<li class="finding">
      <span class="pill v-pass">skew</span>
      <div>
        <p>${foreign(name)}</p>
        <p class="muted">${dataset}, batch ${batchLink(batch)}</p>
      </div>
    </li>`;
  const { key, maxOverMean, skewed, hotKeys, advice } = parsed.data;
  return html`<li class="finding">
    <span class="pill ${skewed ? 'v-warn' : 'v-pass'}">${skewed ? 'skewed' : 'even'}</span>
    <div>
      <p>
        <span class="mono">${foreign(key.join(', '))}</span>
        ${skewed ? `holds ${maxOverMean.toFixed(1)} times the mean in one key` : 'spreads evenly enough'}
      </p>
      ${skewed && renderHotKeys(hotKeys.slice(0, 3))}
      <p class="muted">
        ${dataset}, batch
        ${batchLink(batch)}${advice !== undefined && advice.kind !== 'none' && ` · advice: ${advice.kind}${advice.salts === undefined ? '' : ` by ${advice.salts}`}`}
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
