import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditObject } from '../../../../src/shared/ledger/port.js';
import type { Warehouse, WriteMode } from '../../../../src/shared/warehouses/port.js';
import { WRITE_MODES } from '../../../../src/shared/warehouses/port.js';
import { LOAD_PHASES } from '../../../../src/shared/warehouses/postgres/loadBatch.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { auditDataset } from '../../../../src/workers/maintain/audit.js';
import { diceOf, SEED } from '../../../support/dice.js';
import { freshDatabase } from '../../../support/databases.js';
import { openTestSession, testObject } from '../../../support/loadRequests.js';
import type { State, StateBatch } from '../../../support/tableModel.js';
import { modelTable, printModel, sortRows, stateBatch, stateLoad } from '../../../support/tableModel.js';

const BATCHES = 500;

/** Batches of a few objects; some bring an object of a batch before, some a row that was there before, some rows of one key twice. */
function randomBatches(mode: WriteMode, roll: (n: number) => number, count: number): readonly StateBatch[] {
  const batches: StateBatch[] = [];
  let objects = 0;
  let notes = 0;
  const before: State[] = [];
  const row = (): State => {
    const old = before[roll(before.length + 1)];
    if (old !== undefined && roll(8) === 0) return old;
    const made: State = [roll(60), roll(12) === 0 ? null : roll(40), `n${(notes += 1)}`];
    before.push(made);
    return made;
  };
  for (let index = 0; index < count; index += 1) {
    const scope = mode === 'replace' ? `dt=${roll(3)}` : undefined;
    const mine = batches.filter((other) => other.scope === scope);
    const shared = roll(4) === 0 ? mine[roll(mine.length + 1)] : undefined;
    const fresh = Array.from({ length: roll(4) }, (): [string, State[]] => [
      `${mode}${(objects += 1)}`,
      Array.from({ length: roll(12) }, row),
    ]);
    const again = Object.entries(shared?.objects ?? {}).slice(0, 1);
    batches.push(stateBatch(Object.fromEntries([...again, ...fresh]), scope));
  }
  return batches;
}

/** Nearly in order: each batch up to five places late. */
function shuffled<T>(items: readonly T[], roll: (n: number) => number): readonly T[] {
  return items
    .map((item, index) => ({ item, place: index + roll(6) }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

describe('many batches', () => {
  const engines: Awaited<ReturnType<typeof openTestSession>>[] = [];
  beforeAll(async () => {
    for (const _ of WRITE_MODES) engines.push(await openTestSession());
  });
  afterAll(async () => {
    await Promise.all(engines.map(({ close }) => close()));
  });

  /** Loads the batches out of order, kills every third load somewhere, repeats some, and tries each until it is done. */
  async function loadAll(mode: WriteMode, seed: number, count: number) {
    const roll = diceOf(seed).below;
    const url = await freshDatabase();
    const killer = new Client({ connectionString: url });
    await killer.connect();
    let deadly: string | undefined;
    const warehouse = await openPostgresWarehouse({
      name: 'test',
      url,
      schema: 'public',
      onPhase: async (phase) => {
        if (phase !== deadly) return;
        deadly = undefined;
        await killer.query(
          `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
      },
    });
    const { session } = engines[WRITE_MODES.indexOf(mode)]!;
    const done: StateBatch[] = [];
    let kills = 0;
    for (const batch of shuffled(randomBatches(mode, roll, count), roll)) {
      deadly = roll(3) === 0 ? LOAD_PHASES[roll(LOAD_PHASES.length)] : undefined;
      for (let attempt = 1, ended = false; !ended; attempt += 1) {
        ended = await warehouse.load(stateLoad(session, mode, batch, { attempt })).then(
          () => true,
          () => false,
        );
        kills += ended ? 0 : 1;
        if (attempt > 3) throw new Error(`batch ${batch.batch} was not loaded in ${attempt} attempts`);
      }
      done.push(batch);
      const old = done[roll(done.length)];
      if (roll(10) === 0 && old !== undefined)
        expect((await warehouse.load(stateLoad(session, mode, old, { attempt: 9 }))).kind).toBe('already');
    }
    await killer.end();
    return { warehouse, done, kills };
  }

  async function expectBalance(warehouse: Warehouse, mode: WriteMode, done: readonly StateBatch[]) {
    const sizes = new Map(done.flatMap(({ objects }) => Object.entries(objects)));
    const load = { target: 'warehouse', table: 'states' };
    const page = [...sizes].map(([name, rows]): AuditObject => ({
      object: testObject(name),
      uri: name,
      state: 'loaded',
      rowsIn: rows.length,
      rowsQuarantined: 0,
      rowsDeduplicated: 0,
      rowsFiltered: 0,
      loads: [load],
    }));
    const audited = auditDataset({
      ledger: { auditPage: async (_dataset, after) => (after === undefined ? page : []) },
      warehouse: () => warehouse,
      dataset: mode,
      loads: [load],
    });
    for await (const objects of audited) expect(objects.filter(({ verdict }) => verdict !== 'balanced')).toEqual([]);
  }

  it.each([SEED])('leave what the model has, and balance: seed %d', { timeout: 240_000 }, async (seed) => {
    await Promise.all(
      WRITE_MODES.map(async (mode, index) => {
        const { warehouse, done, kills } = await loadAll(mode, seed + index, Math.ceil(BATCHES / WRITE_MODES.length));
        expect(kills).toBeGreaterThan(10);
        const { rows } = await warehouse.ask('SELECT id, seen, note FROM states');
        expect(sortRows(rows)).toEqual(printModel(modelTable(mode, done)));
        await expectBalance(warehouse, mode, done);
        await warehouse.close();
      }),
    );
  });
});
