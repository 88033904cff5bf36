import { SluiceError } from '../shared/errors.js';
import { asBatchId, asObjectId } from '../shared/ids.js';
import { stepJob } from '../shared/jobs/catalogue.js';
import type { Decision, DecisionAnswer, DecisionVerb, Finding, Ledger, RowsAside } from '../shared/ledger/port.js';
import { objectUri } from '../shared/ledger/text.js';
import { planPartitions } from '../workers/planPartitions.js';
import type { Output } from './output.js';
import { putRowsAside, readRowsAside } from './rowsAside.js';
import { showFailedChecks } from './showFailedChecks.js';
import type { Services } from './services.js';
import { systemUser } from './systemUser.js';

/** A quarantined object, rows of one that went on, or a batch that is held or that a step gave up, as `sluice quarantine list` tells it. */
export interface AsideView {
  readonly id: string;
  readonly kind: 'object' | 'batch' | 'rows';
  readonly dataset: string;
  /** Of an object, or of the object whose rows these are. */
  readonly uri?: string;
  /** Objects of a batch. */
  readonly objects?: number;
  readonly rows?: number;
  readonly code: string;
  readonly reason: string;
  readonly since: Date;
}

/** Everything that is set aside, of a dataset or of all; the newest first, batches that are held or given up before objects. */
export async function listAside(
  { custody }: Pick<Ledger, 'custody'>,
  { dataset, limit }: { readonly dataset: string | undefined; readonly limit: number },
): Promise<readonly AsideView[]> {
  const rows = await custody.setAside({ limit, ...(dataset === undefined ? {} : { dataset }) });
  return rows.map((row): AsideView => {
    if (row.kind === 'batch') {
      const { id, kind, objects, rowsOut: rows, createdAt: since, state, reason = 'held back' } = row;
      const code = state === 'held' ? 'HELD' : (/^[A-Z_]+(?=: )/.exec(reason)?.[0] ?? 'FAILED');
      return { id, kind, dataset: row.dataset, objects, rows, code, reason, since };
    }
    if (row.kind === 'rows') return viewRows(row);
    const { id, kind, code = '', reason = '', arrivedAt: since, bucket, key } = row;
    return { id, kind, dataset: row.dataset, uri: objectUri(bucket, key), code, reason, since };
  });
}

function viewRows({ rowsId: id, dataset, bucket, key, rows, code, reason, createdAt: since }: RowsAside): AsideView {
  const uri = bucket === undefined || key === undefined ? {} : { uri: objectUri(bucket, key) };
  return { id, kind: 'rows', dataset, ...uri, rows, code, reason, since };
}

function isFailed({ verdict }: Finding): boolean {
  return verdict === 'fail';
}

/** What was set aside, for people. */
export function showAside(output: Output, aside: readonly AsideView[]): void {
  if (aside.length === 0) return output.line('nothing is set aside');
  output.table(
    ['id', 'dataset', 'what', 'code', 'reason', 'since'],
    aside.map((row) => [
      row.id,
      row.dataset,
      whatOf(row),
      row.code,
      row.reason,
      row.since.toISOString().slice(0, 19).replace('T', ' '),
    ]),
  );
}

function whatOf({ kind, uri = 'an object', objects = 0, rows = 0 }: AsideView): string {
  if (kind === 'batch') return `batch of ${objects} objects, ${rows} rows`;
  return kind === 'object' ? uri : `${rows === 1 ? '1 row' : `${rows} rows`} of ${uri}`;
}

/** Rows that are shown of those that an object lost. */
const SHOWN_ROWS = 100;

/** Everything about one object, batch or rows that were set aside: the ledger's rows, failed checks with their samples, texts, decisions. */
export async function readAside(
  services: Pick<Services, 'ledger' | 'engine' | 'lake' | 'config'>,
  id: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { objects, read, custody } = services.ledger;
  const [rows] = await custody.rowsAside(requireId(id));
  if (rows !== undefined && rows.rowsId === id) {
    const decisions = await custody.decisions(rows.object);
    const { uri } = viewRows(rows);
    const { rows: texts } = await readRowsAside(services, rows, SHOWN_ROWS);
    return { id, kind: 'rows', ...rows, uri, texts, decisions };
  }
  const decisions = await custody.decisions(id);
  const object = await objects.custody(asObjectId(id));
  if (object !== undefined) {
    const { bucket, ...row } = object.object;
    const uri = objectUri(bucket, row.key);
    const aside = (await custody.rowsAside(id)).map(({ rowsId, rows: count, code, state, nextObject }) => {
      return { id: rowsId, rows: count, code, state, nextObject };
    });
    return { id, kind: 'object', ...row, uri, steps: object.steps, loads: object.loads, aside, decisions };
  }
  const batch = await read.batch(asBatchId(id));
  if (batch === undefined)
    throw new SluiceError('USAGE', `expected the id of an object, a batch or rows, got ${id}: unknown`);
  const checks = await read.findings({ batch: asBatchId(id), kind: 'check', limit: 1000 });
  const members = batch.objects.map(({ object, bucket, key }) => ({ object, uri: objectUri(bucket, key) }));
  return { id, kind: 'batch', ...batch.row, objects: members, checks: checks.filter(isFailed), decisions };
}

/** One object or batch, for people: a line a fact. */
export function showOne(output: Output, facts: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (name === 'checks' && showFailedChecks(output, value, facts['objects'])) continue;
    if (!Array.isArray(value)) output.line(`${output.paint.dim(name)}  ${showFact(value)}`);
    else for (const item of value) output.line(`${output.paint.dim(name)}  ${showFact(item)}`);
  }
}

function showFact(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What became of one id that somebody decided about. */
export type DecidedView = { readonly id: string; readonly verb: DecisionVerb } & (
  | { readonly answer: 'done'; readonly next: readonly string[] }
  | { readonly answer: 'already'; readonly decision: Decision }
  | { readonly answer: 'refused'; readonly reason: string }
);

export interface DecideOptions {
  readonly verb: DecisionVerb;
  readonly ids: readonly string[];
  /** Default: the user of this system. */
  readonly by?: string | undefined;
  readonly why?: string | undefined;
}

/** Decides about each id in turn and sends what follows from it to the queue. Throws USAGE for what is no id, before it decides anything. */
export async function decideAside(
  services: Pick<Services, 'ledger' | 'queue' | 'logger' | 'warehouse' | 'engine' | 'lake' | 'config'>,
  { verb, ids, by, why = '' }: DecideOptions,
): Promise<readonly DecidedView[]> {
  const { ledger, queue, logger } = services;
  const decided: DecidedView[] = [];
  for (const id of ids.map(requireId)) {
    const [rows] = await ledger.custody.rowsAside(id);
    const isRows = rows?.rowsId === id;
    const table = verb === 'release' || isRows ? undefined : await tableWithRows(services, id);
    if (table !== undefined) {
      const reason = `${table} has rows of it already: release its batch, so that the load finds them`;
      decided.push({ id, verb, answer: 'refused', reason });
      continue;
    }
    const isSent = verb === 'replay' && isRows && rows.state === 'quarantined';
    const rowsFile = isSent ? { rowsFile: await putRowsAside(services, rows) } : {};
    const answer = await ledger.custody.decide({ verb, id, who: by ?? systemUser(), why, ...rowsFile });
    if (answer.kind === 'done') {
      await planPartitions({ ledger, queue: queue(), logger }, answer.partitions);
      await queue().enqueue(answer.steps.map((step) => stepJob(step)));
    }
    decided.push(viewOf(id, verb, answer));
  }
  return decided;
}

/** A load that gave up may have committed without the ledger knowing: the table itself is asked. Errors: TARGET_AWAY. */
async function tableWithRows(
  { ledger, warehouse }: Pick<Services, 'ledger' | 'warehouse'>,
  id: string,
): Promise<string | undefined> {
  const object = await ledger.objects.custody(asObjectId(id));
  const batch = object === undefined ? asBatchId(id) : object.object.batch;
  const found = batch === undefined ? undefined : await ledger.read.batch(batch);
  const [first] = found?.objects ?? [];
  if (found?.row.failedStep === undefined || first === undefined) return undefined;
  const { steps = [] } = (await ledger.objects.custody(first.object)) ?? {};
  const members = found.objects.map((member) => member.object);
  for (const step of steps.filter((one) => one.step === 'load' && one.batch === batch)) {
    const counts = await warehouse(step.target).presentRows(step.table, members);
    if (counts.some(({ present }) => present > 0)) return `${step.target}.${step.table}`;
  }
  return undefined;
}

function viewOf(id: string, verb: DecisionVerb, answer: DecisionAnswer): DecidedView {
  switch (answer.kind) {
    case 'done':
      return { id, verb, answer: 'done', next: answer.next };
    case 'already':
      return { id, verb, answer: 'already', decision: answer.decision };
    case 'refused':
      return { id, verb, answer: 'refused', reason: answer.reason };
  }
}

/** Decisions for people. */
export function showDecided(output: Output, decided: readonly DecidedView[]): void {
  output.table(
    ['id', 'decision', ''],
    decided.map((one) => {
      if (one.answer === 'done') return [one.id, `${one.verb}: done`, one.next.map((next) => `as ${next}`).join(', ')];
      if (one.answer === 'refused') return [one.id, output.paint.bad('refused'), one.reason];
      const { verb, who, at } = one.decision;
      return [one.id, 'decided before', `${verb} by ${who} at ${at.toISOString()}`];
    }),
  );
}

function requireId(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw new SluiceError('USAGE', `expected an id as \`sluice quarantine list\` shows it, got ${JSON.stringify(id)}`);
}
