import type { JobKind } from '../../shared/jobs/catalogue.js';
import type { ActionRow } from '../../shared/ledger/actions.js';
import type { ActionResult } from '../actions/perform.js';
import { formatTime } from '../format.js';
import { html, type Html } from '../html.js';
import { actionForm } from './actionForms.js';
import { renderPage } from './layout.js';
import { foreign } from './names.js';

export interface ActionsPage {
  readonly rows: readonly ActionRow[];
  readonly hasSignIn: boolean;
  readonly queues: readonly QueueSwitch[];
  readonly refused?: ActionResult;
}

/** A queue and whether it is paused; undefined while Redis does not say. */
export interface QueueSwitch {
  readonly queue: JobKind;
  readonly paused: boolean | undefined;
}

/** What people had Sluice do: who, what, when, why, and what came of it; for operators, the queues' switches. */
export function renderActions({ rows, hasSignIn, queues, refused }: ActionsPage): string {
  const main = html`<h1>Actions</h1>
    ${refused !== undefined && html`<section class="card alarm" role="alert">${refused.action} of <span class="mono">${refused.subject}</span> was refused: ${foreign(refused.detail)}</section>`}
    ${!hasSignIn && html`<p class="muted">To act from here, set <code>console.auth</code>: what is done is kept with the name of who did it. The command line can do the same.</p>`}
    ${hasSignIn && renderSwitches(queues)}
    <section class="card" aria-labelledby="done">
      <h2 id="done">What was done</h2>
      ${rows.length === 0 ? html`<p class="muted">Nothing yet.</p>` : renderRows(rows)}
    </section>`;
  return renderPage({ title: 'Actions · Sluice', main });
}

function renderSwitches(queues: readonly QueueSwitch[]): Html | undefined {
  if (actionForm({ label: '', fields: {}, to: '/actions' }) === undefined) return undefined;
  return html`<section class="card" aria-labelledby="switches">
    <h2 id="switches">Queues</h2>
    <ul class="plain switches">
      ${queues.map(
        ({ queue, paused }) =>
          html`<li>
            <span class="mono">${queue}</span>
            <span class="${paused === true ? 'bad' : 'muted'}"
              >${paused === undefined ? 'not known' : paused ? 'paused' : 'running'}</span
            >
            ${paused !== true && actionForm({ label: 'Pause', fields: { action: 'pause', queue }, to: '/actions' })}
            ${paused !== false && actionForm({ label: 'Resume', fields: { action: 'resume', queue }, to: '/actions', asksWhy: false })}
          </li>`,
      )}
    </ul>
  </section>`;
}

function renderRows(rows: readonly ActionRow[]): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>When</th>
          <th>Who</th>
          <th>What</th>
          <th>Why</th>
          <th>Outcome</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ at, who, action, subject, why, outcome = 'not known: its process ended' }) =>
            html`<tr>
              <td>${formatTime(at)}</td>
              <td>${foreign(who)}</td>
              <td>${action} <span class="mono">${foreign(subject)}</span></td>
              <td>${foreign(why)}</td>
              <td>${foreign(outcome)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
