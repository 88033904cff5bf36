import { formatBytes, formatCount, formatDuration, formatShort, formatTime, plural } from '../format.js';
import { html, type Html } from '../html.js';
import type { Snapshot } from '../live/snapshot.js';
import { renderActivity } from './activity.js';
import { chooseFindings, renderFinding } from './findings.js';
import { doneOf, inFlightOf, laneId, renderLane, totalOf } from './lane.js';
import { renderPage } from './layout.js';
import { batchLink, foreign, statePill } from './names.js';

/** Markup by the id of its place on the page. */
export type PageFragments = ReadonlyMap<string, Html>;

/** The start page: headline numbers, a lane per dataset, and what happened last. */
export function renderStart(snapshot: Snapshot): string {
  const fragments = renderFragments(snapshot);
  const place = (id: string) => fragments.get(id) ?? false;
  const main = html`<h1 class="visually-hidden">What Sluice is doing</h1>
    <section id="headline" aria-label="In numbers">${place('headline')}</section>
    <section aria-labelledby="lanes-name">
      <h2 id="lanes-name" class="visually-hidden">Datasets</h2>
      ${snapshot.datasets.map(({ name }) => html`<div id="${laneId(name)}">${place(laneId(name))}</div>`)}
    </section>
    <section class="card" id="activity" aria-labelledby="activity-name">${place('activity')}</section>
    <div class="two">
      <section class="card" id="batches" aria-labelledby="batches-name">${place('batches')}</section>
      <section class="card" id="findings" aria-labelledby="findings-name">${place('findings')}</section>
    </div>
    <section class="card" id="queues" aria-labelledby="queues-name">${place('queues')}</section>`;
  return renderPage({ title: 'Sluice', main, isLive: true });
}

/** Every part of the start page that changes, so that a page that is open can be brought up to date part by part. */
export function renderFragments(snapshot: Snapshot): PageFragments {
  return new Map<string, Html>([
    ['headline', renderHeadline(snapshot)],
    ...snapshot.datasets.map((dataset): [string, Html] => [laneId(dataset.name), renderLane(dataset)]),
    ['activity', renderActivity(snapshot)],
    ['batches', renderBatches(snapshot)],
    ['findings', renderFindings(snapshot)],
    ['queues', renderQueues(snapshot)],
  ]);
}

/** One sentence for those who listen to the page. */
export function summarize({ datasets }: Pick<Snapshot, 'datasets'>): string {
  const sum = (count: (dataset: Snapshot['datasets'][number]) => number) =>
    datasets.reduce((total, dataset) => total + count(dataset), 0);
  const parts = [
    `${formatCount(sum(doneOf))} files done`,
    `${formatCount(sum(inFlightOf))} on their way`,
    `${formatCount(sum(({ states }) => states.quarantined))} quarantined`,
  ];
  return parts.join(', ');
}

function renderHeadline({ datasets, lastDay }: Snapshot): Html {
  const sum = (count: (dataset: Snapshot['datasets'][number]) => number) =>
    datasets.reduce((total, dataset) => total + count(dataset), 0);
  const quarantined = sum(({ states }) => states.quarantined);
  const latency = medianLatencyMs(datasets);
  return html`<dl class="headline">
    ${figure('files', formatShort(sum(totalOf)), formatBytes(sum(({ bytes }) => bytes)))}
    ${figure('on their way', formatShort(sum(inFlightOf)), '')}
    ${figure('loaded', formatShort(sum(doneOf)), latency === undefined ? '' : `${formatDuration(latency)} from arrival, median`)}
    ${figure('rows into targets', formatShort(lastDay.rows), `in 24 hours, ${plural(lastDay.loads, 'load')}`)}
    ${figure('quarantined', formatShort(quarantined), quarantined === 0 ? 'nothing set aside' : 'each with its reason', quarantined > 0)}
  </dl>`;
}

function figure(name: string, value: string, hint: string, isAlarm = false): Html {
  return html`<div class="figure${isAlarm && ' alarm'}">
    <dt>${name}</dt>
    <dd><span class="value">${value}</span><span class="hint">${hint}</span></dd>
  </div>`;
}

/** From arrival to visible in the last target, over the newest loaded files. */
function medianLatencyMs(datasets: Snapshot['datasets']): number | undefined {
  const times = datasets
    .flatMap(({ recent }) => recent)
    .flatMap(({ arrivedAt, loadedAt }) => (loadedAt === undefined ? [] : [loadedAt.getTime() - arrivedAt.getTime()]))
    .sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)];
}

function renderBatches({ batches }: Snapshot): Html {
  if (batches.length === 0)
    return html`<h2 id="batches-name">Latest batches</h2>
      <p class="muted">None yet: a batch closes by size, number or age.</p>`;
  return html`<h2 id="batches-name">Latest batches</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Batch</th>
            <th>Dataset</th>
            <th>State</th>
            <th class="num">Files</th>
            <th class="num">Bytes</th>
            <th class="num">Rows</th>
            <th>Made</th>
          </tr>
        </thead>
        <tbody>
          ${batches.map(
            (batch) =>
              html`<tr>
                <td>${batchLink(batch.batch)}</td>
                <td>
                  ${batch.dataset}${batch.partition !== '' && html` <span class="muted part" title="${batch.partition}">${foreign(batch.partition)}</span>`}
                </td>
                <td>
                  ${statePill(batch.state)}${batch.failedStep !== undefined && html` <span class="pill v-fail">${batch.failedStep} gave up</span>`}
                </td>
                <td class="num">${formatCount(batch.objects)}</td>
                <td class="num">
                  ${formatBytes(batch.bytesIn)}${batch.bytesOut > 0 && html` <span class="muted">→ ${formatBytes(batch.bytesOut)}</span>`}
                </td>
                <td class="num">${batch.rowsIn > 0 ? formatCount(batch.rowsIn) : '–'}</td>
                <td>${formatTime(batch.createdAt)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function renderFindings({ findings, ignored }: Snapshot): Html {
  const all = chooseFindings(findings, 60);
  const passed = all.filter(({ verdict }) => verdict === 'pass').length;
  const shown = all.filter(({ verdict }) => verdict !== 'pass').slice(0, 6);
  const other = shown.length === 0 ? '' : 'other ';
  // Sluice's own output is no arrival that anybody waits for.
  const setAside = ignored.filter(({ rule }) => rule !== 'artifact').slice(0, 6);
  return html`<h2 id="findings-name">Findings</h2>
    ${all.length === 0 && html`<p class="muted">No checks or skew yet.</p>`}
    <ul class="findings">
      ${shown.map((finding) => renderFinding(finding, 'among others'))}
      ${
        passed > 0 &&
        html`<li class="finding">
          <span class="pill v-pass">pass</span>
          <p>${plural(passed, `${other}check passes`, `${other}checks pass`)}</p>
        </li>`
      }
    </ul>
    ${
      setAside.length > 0 &&
      html`<h3>Ignored by rule</h3>
        <ul class="plain">
          ${setAside.map(
            ({ rule, count, sampleKey }) =>
              html`<li>
                ${formatCount(count)} <code>${rule}</code> <span class="muted key">such as ${foreign(sampleKey)}</span>
              </li>`,
          )}
        </ul>`
    }`;
}

function renderQueues({ queues }: Snapshot): Html {
  if (queues === undefined)
    return html`<h2 id="queues-name">Queues</h2>
      <p class="note warn">Redis does not answer. Nothing is lost: the ledger keeps all work and sends it again.</p>`;
  return html`<h2 id="queues-name">Queues</h2>
    <ul class="queues">
      ${queues.map(
        ({ kind, waiting, active, delayed, overdue, failed }) =>
          html`<li>
            <a href="/queues/queue/${kind}">${kind}</a>
            <span
              >${active > 0 && html`<b>${formatCount(active)} running</b>`}
              ${waiting > 0 && `${formatCount(waiting)} waiting`} ${delayed > 0 && `${formatCount(delayed)} later`}
              ${overdue > 0 && html`<span class="late">${formatCount(overdue)} overdue</span>`}
              ${failed > 0 && html`<span class="late">${formatCount(failed)} failed</span>`}
              ${active + waiting + delayed + failed === 0 && html`<span class="muted">idle</span>`}</span
            >
          </li>`,
      )}
    </ul>`;
}
