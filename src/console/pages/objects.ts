import { OBJECT_STATES, type ObjectRow } from '../../shared/ledger/port.js';
import { formatBytes, formatCount, formatTime } from '../format.js';
import { html, type Html } from '../html.js';
import { renderPage } from './layout.js';
import { foreign, objectLink, statePill } from './names.js';

export interface ObjectsPage {
  readonly rows: readonly ObjectRow[];
  readonly datasets: readonly string[];
  readonly dataset?: string;
  readonly state?: string;
  readonly limit: number;
}

/** The newest files, of one dataset or state where asked. */
export function renderObjects({ rows, datasets, dataset, state, limit }: ObjectsPage): string {
  const main = html`<h1>Files</h1>
    <form class="filters card" method="get" action="/objects">
      <label>Dataset ${choice('dataset', datasets, dataset)}</label>
      <label>State ${choice('state', OBJECT_STATES, state)}</label>
      <button type="submit">Show</button>
    </form>
    <section class="card">
      ${
        rows.length === 0
          ? html`<p class="muted">No file like that.</p>`
          : html`<div class="scroll">
              <table>
                <thead>
                  <tr>
                    <th>File</th>
                    <th>Dataset</th>
                    <th>State</th>
                    <th class="num">Bytes</th>
                    <th class="num">Rows</th>
                    <th>Arrived</th>
                  </tr>
                </thead>
                <tbody>
                  ${rows.map(renderRow)}
                </tbody>
              </table>
            </div>`
      }
      ${rows.length === limit && html`<p class="muted">The newest ${formatCount(limit)} are shown.</p>`}
    </section>`;
  return renderPage({ title: `Files${dataset === undefined ? '' : ` of ${dataset}`} · Sluice`, main });
}

function renderRow(object: ObjectRow): Html {
  const { key, dataset, partition, state, code, reason, size, rowsIn, arrivedAt } = object;
  return html`<tr>
    <td class="key">
      ${objectLink(object, key)}${reason !== undefined && html`<br /><code class="code">${code ?? ''}</code> <span class="reason">${foreign(reason)}</span>`}
    </td>
    <td>${dataset}${partition !== '' && html` <span class="muted">${foreign(partition)}</span>`}</td>
    <td>${statePill(state)}</td>
    <td class="num">${formatBytes(size)}</td>
    <td class="num">${rowsIn === undefined ? '–' : formatCount(rowsIn)}</td>
    <td>${formatTime(arrivedAt)}</td>
  </tr>`;
}

function choice(name: string, values: readonly string[], chosen: string | undefined): Html {
  return html`<select name="${name}">
    <option value="">all</option>
    ${values.map((value) => html`<option value="${value}" ${value === chosen && html` selected`}>${value}</option>`)}
  </select>`;
}
