import { ERROR_CATALOGUE } from '../../shared/errors.js';
import type { Custody, LoadRow, ObjectRow, StepRow } from '../../shared/ledger/port.js';
import { formatBytes, formatCount, formatDuration, formatTime, plural } from '../format.js';
import { html, type Html } from '../html.js';
import type { FindingRow } from '../live/snapshot.js';
import { decisionForms } from './actionForms.js';
import { chooseFindings, renderFinding } from './findings.js';
import { renderPage } from './layout.js';
import { batchLink, foreign, statePill, uriOf, withCode } from './names.js';

/** Rows of one object counted in a target's table itself, or why they could not be. */
export interface Presence {
  readonly target: string;
  readonly table: string;
  readonly rows: number | undefined;
}

export interface CustodyPage {
  readonly custody: Custody;
  readonly presence: readonly Presence[];
  /** Of the object's batch. */
  readonly findings: readonly FindingRow[];
}

/** Everything about one file: what it is, how far it came, who worked on it, where its rows are, or why it was set aside. */
export function renderCustody({ custody, presence, findings }: CustodyPage): string {
  const { object } = custody;
  const main = html`<p class="crumbs">
      <a href="/objects?dataset=${encodeURIComponent(object.dataset)}">${object.dataset}</a>
    </p>
    <h1 class="key">${foreign(object.key)}</h1>
    <p class="uri mono muted">${foreign(uriOf(object))}</p>
    ${renderFault(object)}
    ${object.state === 'quarantined' && decisionForms(object.object, `/objects/${object.object}`)}
    <section class="card" aria-label="Identity">${renderIdentity(object)}</section>
    <section class="card" aria-labelledby="way">
      <h2 id="way">Its way</h2>
      ${renderWay(custody)}
    </section>
    <section class="card" aria-labelledby="targets">
      <h2 id="targets">In the targets</h2>
      ${renderTargets(custody, presence)}
    </section>
    ${
      custody.artifacts.length > 0 &&
      object.state !== 'quarantined' &&
      html`<section class="card" aria-labelledby="artifacts">
        <h2 id="artifacts">Artifacts of its batch</h2>
        <ul class="plain">
          ${custody.artifacts.map((key) => html`<li class="mono key">${foreign(key)}</li>`)}
        </ul>
      </section>`
    }
    ${
      findings.length > 0 &&
      object.state !== 'quarantined' &&
      html`<section class="card" aria-labelledby="found">
        <h2 id="found">Findings of its batch</h2>
        <ul class="findings">
          ${chooseFindings(findings, 20).map((finding) => renderFinding(finding, 'own page'))}
        </ul>
      </section>`
    }`;
  return renderPage({ title: `${object.key} · Sluice`, main });
}

function renderFault({ state, code, reason }: ObjectRow): Html | false {
  if (code === undefined && reason === undefined) return false;
  return html`<section class="card ${state === 'quarantined' ? 'alarm' : ''}" aria-label="Why">
    <h2>
      ${state === 'quarantined' ? 'Quarantined' : 'Last fault'}${code !== undefined && html` <code class="code">${code}</code>`}
    </h2>
    <p class="reason">${foreign(reason ?? '')}</p>
    ${code !== undefined && html`<p><b>What to do.</b> ${withCode(ERROR_CATALOGUE[code].mend)}</p>`}
  </section>`;
}

function renderIdentity({
  object,
  dataset,
  partition,
  size,
  state,
  batch,
  rowsIn,
  arrivedAt,
  loadedAt,
}: ObjectRow): Html {
  const loaded =
    loadedAt &&
    html`${formatTime(loadedAt)}
      <span class="muted">${formatDuration(loadedAt.getTime() - arrivedAt.getTime())} after arrival</span>`;
  return html`<dl class="facts">
    ${fact('State', statePill(state))} ${fact('Dataset', dataset)}
    ${partition !== '' && fact('Partition', foreign(partition))}
    ${fact('Size', html`${formatBytes(size)} <span class="muted">${formatCount(size)} bytes</span>`)}
    ${rowsIn !== undefined && fact('Rows read', formatCount(rowsIn))} ${fact('Arrived', formatTime(arrivedAt))}
    ${loaded && fact('Loaded', loaded)} ${batch !== undefined && fact('Batch', batchLink(batch))}
    ${fact('Object id', html`<span class="mono">${object}</span>`)}
  </dl>`;
}

function fact(name: string, value: Html | string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function renderWay({ object, steps }: Custody): Html {
  if (steps.length === 0) return html`<p class="muted">Recorded, and not planned into a batch yet.</p>`;
  // A file that was set aside left its batch in compact; what the batch did later is not its way.
  const own = object.state === 'quarantined' ? steps.filter(({ step }) => step === 'compact') : steps;
  const batches = [...new Set(own.map(({ batch }) => batch))];
  return html`<ol class="way">
    <li class="w-done">
      <div><b>recorded</b> <span class="muted">${formatTime(object.arrivedAt)}</span></div>
    </li>
    ${batches.map(
      (batch) =>
        html`${batches.length > 1 && html`<li class="w-batch">batch ${batchLink(batch)}</li>`}${own
          .filter((step) => step.batch === batch)
          .map((step) => renderStep(step, object.arrivedAt))}`,
    )}
    ${
      object.state === 'quarantined' &&
      html`<li class="w-failed">
        <div><b>quarantined</b></div>
      </li>`
    }
  </ol>`;
}

/** One step of the way, with what it took. */
function renderStep(row: StepRow, arrivedAt: Date): Html {
  const { step, target, table, state, attempt, crashes, failures, lastError, doneAt } = row;
  const told = [
    doneAt === undefined ? state : `${formatDuration(doneAt.getTime() - arrivedAt.getTime())} after arrival`,
    attempt > 1 && plural(attempt, 'attempt'),
    crashes > 0 && plural(crashes, 'crash', 'crashes'),
    failures > 0 && plural(failures, 'failure'),
  ].filter((text) => text !== false);
  return html`<li class="w-${state}">
    <div>
      <b>${step}</b>${step === 'load' && html` into <span class="mono">${foreign(`${target}.${table}`)}</span>`}
      <span class="muted">${told.join(', ')}</span>
    </div>
    ${lastError !== undefined && html`<p class="reason">${foreign(lastError)}</p>`}
  </li>`;
}

function renderTargets({ object, loads, steps }: Custody, presence: readonly Presence[]): Html {
  if (object.state === 'quarantined') return html`<p class="muted">Nowhere: the file is in quarantine.</p>`;
  const wanted = steps.filter(({ step }) => step === 'load');
  if (wanted.length === 0) return html`<p class="muted">No load of this file is planned.</p>`;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Table</th>
          <th class="num">Rows of this file now</th>
          <th class="num">Rows of its batch</th>
          <th>Committed</th>
        </tr>
      </thead>
      <tbody>
        ${wanted.map(({ batch, target, table }) => {
          const load = loads.find((one) => one.batch === batch && one.target === target && one.table === table);
          return renderLoad({
            target,
            table,
            load,
            present: presence.find((one) => one.target === target && one.table === table),
          });
        })}
      </tbody>
    </table>
  </div>`;
}

function renderLoad(row: {
  target: string;
  table: string;
  load: LoadRow | undefined;
  present: Presence | undefined;
}): Html {
  const { target, table, load, present } = row;
  return html`<tr>
    <td class="mono">${foreign(`${target}.${table}`)}</td>
    <td class="num">
      ${present === undefined ? '–' : present.rows === undefined ? html`<span class="muted">the target did not answer</span>` : html`<b>${formatCount(present.rows)}</b>`}
    </td>
    <td class="num">${load === undefined ? '–' : formatCount(load.rows)}</td>
    <td>${load === undefined ? html`<span class="muted">not yet</span>` : formatTime(load.committedAt)}</td>
  </tr>`;
}
