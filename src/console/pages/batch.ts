import { z } from 'zod';
import type { Manifest, ManifestObject } from '../../shared/ledger/manifest.js';
import type { BatchObject, BatchRow } from '../../shared/ledger/port.js';
import { formatBytes, formatCount, formatShare, formatTime, plural } from '../format.js';
import { html, type Html } from '../html.js';
import type { FindingRow } from '../live/snapshot.js';
import { decisionForms } from './actionForms.js';
import { chooseFindings, renderFinding } from './findings.js';
import { renderPage } from './layout.js';
import { foreign, objectLink, statePill } from './names.js';

export interface BatchPage {
  readonly row: BatchRow;
  readonly objects: readonly BatchObject[];
  readonly manifest?: Manifest;
  readonly merged?: Manifest['artifacts'];
  readonly findings: readonly FindingRow[];
}

const SHOWN = 200;

/** A batch: what went in, what came out, what was found about it. */
export function renderBatch({ row, objects, manifest, merged, findings }: BatchPage): string {
  const profile = findings.find(({ kind }) => kind === 'profile');
  const others = findings.filter(({ kind, verdict }) => kind !== 'profile' || verdict !== undefined);
  const main = html`<p class="crumbs">
      <a href="/objects?dataset=${encodeURIComponent(row.dataset)}">${row.dataset}</a>
    </p>
    <h1>Batch <span class="mono">${row.batch}</span></h1>
    <section class="card" aria-label="In numbers">${renderNumbers(row)}</section>
    ${(row.state === 'held' || row.failedStep !== undefined) && decisionForms(row.batch, `/batches/${row.batch}`)}
    ${profile !== undefined && renderProfile(profile.data)}
    ${
      others.length > 0 &&
      html`<section class="card" aria-labelledby="found">
        <h2 id="found">Findings</h2>
        <ul class="findings">
          ${chooseFindings(others, 50).map((finding) => renderFinding(finding, 'own page'))}
        </ul>
      </section>`
    }
    ${
      manifest !== undefined &&
      manifest.artifacts.length > 0 &&
      html`<section class="card" aria-labelledby="artifacts">
        <h2 id="artifacts">${merged === undefined ? 'Artifacts' : 'Artifacts, merged with those of other batches'}</h2>
        <ul class="plain">
          ${(merged ?? manifest.artifacts).map(({ key, bytes, rows, adopted }) => html`<li><span class="mono key">${foreign(key)}</span> <span class="muted">${formatBytes(bytes)}, ${plural(rows, 'row')}${adopted === undefined ? '' : ', the original as it is'}</span></li>`)}
        </ul>
      </section>`
    }
    <section class="card" aria-labelledby="members">
      <h2 id="members">${plural(objects.length, 'file')}</h2>
      <ul class="plain">
        ${objects.slice(0, SHOWN).map((object) =>
          renderMember(
            object,
            manifest?.objects.find((one) => one.object === object.object),
          ),
        )}
        ${objects.length > SHOWN && html`<li class="muted">and ${formatCount(objects.length - SHOWN)} more</li>`}
      </ul>
    </section>`;
  return renderPage({ title: `Batch ${row.batch} · Sluice`, main });
}

function renderNumbers({
  state,
  partition,
  bytesIn,
  bytesOut,
  rowsIn,
  rowsOut,
  artifacts,
  failedStep,
  reason,
  createdAt,
}: BatchRow): Html {
  const facts: readonly (readonly [string, Html | string])[] = [
    [
      'State',
      html`${statePill(state)}${failedStep !== undefined && html` <span class="pill v-fail">${failedStep} gave up</span>`}${reason !== undefined && html` <span class="reason">${foreign(reason)}</span>`}`,
    ],
    ['Partition', partition === '' ? 'none' : foreign(partition)],
    ['Bytes', `${formatBytes(bytesIn)} in, ${formatBytes(bytesOut)} out`],
    ['Rows', `${formatCount(rowsIn)} in, ${formatCount(rowsOut)} out`],
    ['Artifacts', formatCount(artifacts)],
    ['Made', formatTime(createdAt)],
  ];
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function renderMember(object: BatchObject, became: ManifestObject | undefined): Html {
  return html`<li>
    ${objectLink(object, object.key)}
    <span class="muted"
      >${formatBytes(object.size)}${became?.kind === 'included' && `, ${plural(became.rows, 'row')}`}</span
    >
    ${became !== undefined && became.kind !== 'included' && html`${statePill(became.kind)} <code class="code">${became.code}</code> <span class="reason">${foreign(became.reason)}</span>`}
  </li>`;
}

const scalar = z.union([z.string(), z.number(), z.boolean()]).optional();
const profileData = z.object({
  rows: z.number(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      nullFraction: z.number(),
      distinct: z.number().optional(),
      distinctMethod: z.string().optional(),
      min: scalar,
      max: scalar,
      mean: scalar,
    }),
  ),
});

function renderProfile(data: unknown): Html | false {
  const profile = profileData.safeParse(data);
  if (!profile.success) return false;
  const text = (value: z.infer<typeof scalar>) => (value === undefined ? '–' : foreign(String(value).slice(0, 60)));
  return html`<section class="card" aria-labelledby="profile">
    <h2 id="profile">Profile of ${plural(profile.data.rows, 'row')}</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Column</th>
            <th>Type</th>
            <th class="num">Nulls</th>
            <th class="num">Distinct</th>
            <th>Least</th>
            <th>Greatest</th>
            <th class="num">Mean</th>
          </tr>
        </thead>
        <tbody>
          ${profile.data.columns.map(
            ({ name, type, nullFraction, distinct, distinctMethod, min, max, mean }) =>
              html`<tr>
                <td class="mono">${foreign(name)}</td>
                <td class="muted">${type}</td>
                <td class="num">${formatShare(nullFraction)}</td>
                <td class="num">
                  ${distinct === undefined ? '–' : `${distinctMethod === 'approximate' ? '≈ ' : ''}${formatCount(distinct)}`}
                </td>
                <td>${text(min)}</td>
                <td>${text(max)}</td>
                <td class="num">${typeof mean === 'number' ? mean.toPrecision(6) : text(mean)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
