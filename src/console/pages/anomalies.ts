import { WARM } from '../../shared/findings/anomaly.js';
import type { AnomalyReport, AnomalyView } from '../../shared/findings/listAnomalies.js';
import { formatCount, formatTime } from '../format.js';
import { html, type Html } from '../html.js';
import { actionForm } from './actionForms.js';
import { renderPage } from './layout.js';
import { batchLink, foreign } from './names.js';

export interface AnomaliesPage extends AnomalyReport {
  /** Those that were accepted, too. */
  readonly all: boolean;
  readonly limit: number;
}

/** What is unusual, against what, and which datasets cannot tell yet; operators accept it from here. */
export function renderAnomalies({ anomalies, datasets, all, limit }: AnomaliesPage): string {
  const open = anomalies.filter(({ decided }) => decided === undefined).length;
  const main = html`<h1>Anomalies</h1>
    <section class="card" aria-labelledby="unusual">
      <h2 id="unusual">${open === 0 ? 'Nothing unusual is open' : `${formatCount(open)} open`}</h2>
      <p class="muted">
        <a href="${all ? '/anomalies' : '/anomalies?all=1'}"
          >${all ? 'Only those that are open' : 'Those that were accepted, too'}</a
        >
      </p>
      ${anomalies.length > 0 && renderTable(anomalies, all)}
      ${anomalies.length === limit && html`<p class="muted">The newest ${formatCount(limit)} are shown.</p>`}
    </section>
    <section class="card" aria-labelledby="watched">
      <h2 id="watched">Datasets</h2>
      <ul class="plain">
        ${datasets.map(
          ({ dataset, state, points }) =>
            html`<li>
              <span class="pill ${state === 'warming_up' ? 'v-warn' : 'v-pass'}">${state}</span> ${dataset}
              <span class="muted">${told(state, points)}</span>
            </li>`,
        )}
      </ul>
    </section>`;
  return renderPage({ title: 'Anomalies · Sluice', main });
}

function told(state: AnomalyReport['datasets'][number]['state'], points: number): string {
  if (state === 'off') return 'anomalies.sensitivity is off';
  if (state === 'watching') return `compared with the last ${points} accepted batches`;
  return `${points} of ${WARM} batches to compare with: only files without rows and tenfold changes are told`;
}

function renderTable(anomalies: readonly AnomalyView[], all: boolean): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Figure</th>
          <th>Dataset</th>
          <th class="num">Got</th>
          <th class="num">Expected</th>
          <th class="num">Score</th>
          <th>Batch or day</th>
          <th>Since</th>
          <th>State</th>
        </tr>
      </thead>
      <tbody>
        ${anomalies.map((row) => renderRow(row, all ? '/anomalies?all=1' : '/anomalies'))}
      </tbody>
    </table>
  </div>`;
}

function renderRow(row: AnomalyView, to: string): Html {
  const { id, metric, column, dataset, value, subject, verdict, at } = row;
  return html`<tr>
    <td>
      <span class="pill v-${verdict}">${verdict}</span>
      ${metric}${column !== '' && html` of <span class="mono">${foreign(column)}</span>`}
    </td>
    <td>${dataset}</td>
    <td class="num">${figureText(value)}</td>
    <td class="num">${expectedText(row)}</td>
    <td class="num">
      ${row.score === undefined ? row.method : row.score.toFixed(1)}${row.levelShift && ' (a new level?)'}
    </td>
    <td>${/^\d{4}-\d\d-\d\d$/.test(subject) ? subject : batchLink(subject)}</td>
    <td>${formatTime(at)}</td>
    <td>
      ${row.decided === undefined ? html`open ${ackForms(id, to)}` : html`acknowledged as ${row.decided.as} by ${foreign(row.decided.who)}${row.decided.why !== '' && html`: ${foreign(row.decided.why)}`}`}
    </td>
  </tr>`;
}

function ackForms(anomaly: string, to: string): Html | undefined {
  const normal = actionForm({ label: 'New normal', fields: { action: 'ack', anomaly, as: 'normal' }, to });
  const once = actionForm({ label: 'Exception', fields: { action: 'ack', anomaly, as: 'once' }, to });
  return normal === undefined ? undefined : html`<div class="acts">${normal} ${once}</div>`;
}

function expectedText({ expected, centre, points }: AnomalyView): string {
  if (expected !== undefined) return `${figureText(expected.from)} to ${figureText(expected.to)}`;
  return centre === undefined ? '–' : `about ${figureText(centre)} (${points} known)`;
}

/** Round for people: four digits, all of a large figure. */
function figureText(value: number): string {
  return value.toLocaleString('en', {
    maximumSignificantDigits: Math.abs(value) >= 1000 ? 21 : 4,
    maximumFractionDigits: 3,
  });
}
