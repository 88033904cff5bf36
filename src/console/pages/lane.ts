import type { ObjectRow } from '../../shared/ledger/port.js';
import { formatBytes, formatCount, formatShort, plural } from '../format.js';
import { html, type Html } from '../html.js';
import type { DatasetSnapshot } from '../live/snapshot.js';
import { baseName, foreign, GATES, objectLink } from './names.js';

type Gate = (typeof GATES)[number];

/** A dataset's lane: its files on their way through the gates, and those that were set aside. */
export function renderLane(dataset: DatasetSnapshot): Html {
  const { name, bytes } = dataset;
  const total = totalOf(dataset);
  const id = laneId(name);
  return html`<article class="lane card" aria-labelledby="${id}-name">
    <header>
      <h3 id="${id}-name"><a href="${filesHref(name)}">${name}</a></h3>
      <p class="muted">${total === 0 ? 'no files yet' : `${plural(total, 'file')}, ${formatBytes(bytes)}`}</p>
      ${renderNotes(dataset)}
    </header>
    ${renderMix(dataset, total)}
    <ol class="gates to-${dataset.end}">
      ${gatesOf(dataset).map((gate) => renderGate(dataset, gate))}
    </ol>
    ${renderQuarantine(dataset)}
  </article>`;
}

/** The id of a lane's place on the page. */
export function laneId(dataset: string): string {
  return `lane-${dataset}`;
}

/** All files that the ledger knows of the dataset. */
export function totalOf({ states }: DatasetSnapshot): number {
  return Object.values(states).reduce((sum, count) => sum + count, 0);
}

/** Files that are not at an end of their way. */
export function inFlightOf({ states, end }: DatasetSnapshot): number {
  const { arrived, batched, compacted, held, judged } = states;
  return arrived + batched + compacted + held + (end === 'judged' ? 0 : judged);
}

/** Files that came to the end of their way. */
export function doneOf({ states, end }: DatasetSnapshot): number {
  return states.loaded + (end === 'judged' ? states.judged : 0);
}

/** Up to the gate where the dataset's way ends. */
function gatesOf({ end }: DatasetSnapshot): readonly Gate[] {
  return GATES.slice(0, GATES.findIndex(({ name }) => name === end) + 1);
}

function renderNotes({ backlog, states }: DatasetSnapshot): Html {
  return html`${
    backlog.failedSteps > 0 &&
    html`<p class="note warn">${plural(backlog.failedSteps, 'step')} gave up; <code>sluice run</code> tries again</p>`
  }${states.held > 0 && html`<p class="note warn">${plural(states.held, 'file')} held for a release</p>`}`;
}

function renderGate({ name, states, recent }: DatasetSnapshot, gate: Gate): Html {
  const count = gate.states.reduce((sum, state) => sum + states[state], 0);
  const here = recent.filter(({ state }) => gate.states.some((own) => own === state));
  return html`<li class="gate g-${gate.name}${count === 0 && ' empty'}">
    <a href="${filesHref(name, gate.name)}">
      <span class="count">${formatShort(count)}</span>
      <span class="label">${gate.name}</span>
    </a>
    <div class="pool" aria-hidden="true">${here.map(renderDot)}</div>
  </li>`;
}

/** One file. Its page is reached by keyboard through the list of files, so the dots stay out of the tab order. */
function renderDot(object: ObjectRow): Html {
  const tip = `${baseName(object.key)} · ${formatBytes(object.size)} · ${object.state}`;
  return html`<a
    class="dot s-${object.state}"
    data-key="${object.object}"
    href="/objects/${object.object}"
    tabindex="-1"
    title="${tip}"
  ></a>`;
}

/** The shares of all files, as one bar. */
function renderMix(dataset: DatasetSnapshot, total: number): Html {
  const { states } = dataset;
  const parts = [
    { name: 'loaded', count: doneOf(dataset) },
    { name: 'flight', count: inFlightOf(dataset) },
    { name: 'aside', count: states.ignored + states.superseded },
    { name: 'quarantined', count: states.quarantined },
  ].filter(({ count }) => count > 0);
  const label = `${formatCount(doneOf(dataset))} ${dataset.end}, ${formatCount(inFlightOf(dataset))} on their way, ${formatCount(states.quarantined)} quarantined`;
  let from = 0;
  const bars = parts.map(({ name, count }) => {
    const bar = html`<rect class="m-${name}" x="${from}%" width="${(100 * count) / total}%" height="100%" />`;
    from += (100 * count) / total;
    return bar;
  });
  return html`<svg class="mix" role="img" aria-label="${label}">
    <rect class="m-none" width="100%" height="100%" />
    ${bars}
  </svg>`;
}

function renderQuarantine({ name, states, quarantined }: DatasetSnapshot): Html | false {
  if (states.quarantined === 0) return false;
  const more = states.quarantined - quarantined.length;
  return html`<section class="quarantine" aria-label="Quarantined files of ${name}">
    <h4><a href="${filesHref(name, 'quarantined')}">${formatCount(states.quarantined)} quarantined</a></h4>
    <ul>
      ${quarantined.map(
        (object) =>
          html`<li>
            ${objectLink(object)} <code class="code">${object.code ?? 'UNKNOWN'}</code>
            <span class="reason">${foreign(object.reason ?? '')}</span>
          </li>`,
      )}
      ${more > 0 && html`<li><a href="${filesHref(name, 'quarantined')}">and ${formatCount(more)} more</a></li>`}
    </ul>
  </section>`;
}

function filesHref(dataset: string, state?: string): string {
  return `/objects?dataset=${encodeURIComponent(dataset)}${state === undefined ? '' : `&state=${state}`}`;
}
