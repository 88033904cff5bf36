import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../src/shared/engine/port.js';
import type { Warehouse, WriteMode } from '../../src/shared/warehouses/port.js';
import { openTestSession, testObject } from '../support/loadRequests.js';
import type { State, StateBatch } from '../support/tableModel.js';
import { accounted, modelTable, printModel, sortRows, stateBatch, stateLoad } from '../support/tableModel.js';
import type { TestTarget, WarehouseUnderTest } from './warehouse.js';

const FIRST = { a: [[1, 1, 'one'], [2, 1, 'two']], b: [[3, 1, 'three'], [4, null, 'four']] } satisfies StateBatch['objects']; // prettier-ignore
const SECOND = { c: [[2, 2, 'two again'], [3, 1, 'three'], [5, 2, 'five']] } satisfies StateBatch['objects']; // prettier-ignore
const THIRD = { d: [[1, 3, 'one again'], [5, 1, 'five before'], [6, 3, 'six'], [6, 2, 'six before']] } satisfies StateBatch['objects']; // prettier-ignore

/** What every target promises about its write modes: the table is what a plain model of the mode says, and every row is accounted for. */
export function writeModesContract(
  name: string,
  modes: readonly WriteMode[],
  { fresh, phases }: Pick<WarehouseUnderTest, 'fresh' | 'phases'>,
): void {
  describe.each(modes)(`${name}, mode %s`, (mode) => {
    let session: EngineSession;
    let closeEngine: () => Promise<void>;
    const opened: Warehouse[] = [];
    const open = async (target: TestTarget, onPhase?: Parameters<TestTarget['open']>[0]) => {
      const warehouse = await target.open(onPhase);
      opened.push(warehouse);
      return warehouse;
    };
    beforeAll(async () => {
      ({ session, close: closeEngine } = await openTestSession());
    });
    afterAll(async () => {
      await Promise.all(opened.map((warehouse) => warehouse.close()));
      await closeEngine();
    });
    const load = (warehouse: Warehouse, batch: StateBatch, attempt = 1) =>
      warehouse.load(stateLoad(session, mode, batch, { attempt }));

    /** The table equals the model of these batches, and each object's rows are all somewhere. */
    const expectModel = async (warehouse: Warehouse, loaded: readonly StateBatch[]) => {
      const { rows } = await warehouse.ask('SELECT id, seen, note FROM states');
      expect(sortRows(rows)).toEqual(printModel(modelTable(mode, loaded)));
      const sizes = new Map(
        loaded.flatMap(({ objects }) =>
          Object.entries(objects).map(([object, states]) => [testObject(object), states.length] as const),
        ),
      );
      const counts = await warehouse.presentRows('states', [...sizes.keys()]);
      expect(new Map(counts.map((count) => [count.object, accounted(count)]))).toEqual(
        new Map([...sizes].filter(([, size]) => size > 0)),
      );
    };

    it('has the rows of the first batch', async () => {
      const warehouse = await open(await fresh());
      const batch = stateBatch(FIRST);
      expect(await load(warehouse, batch)).toMatchObject({ kind: 'loaded', rows: 4, skipped: [] });
      await expectModel(warehouse, [batch]);
    });

    it('has them once when the same batch comes again', async () => {
      const warehouse = await open(await fresh());
      const [one, two] = [stateBatch(FIRST), stateBatch(SECOND)];
      await load(warehouse, one);
      const { rows } = await load(warehouse, two);
      expect(await load(warehouse, one, 2)).toMatchObject({ kind: 'already', rows: 4 });
      expect(await load(warehouse, two, 2)).toMatchObject({ kind: 'already', rows });
      await expectModel(warehouse, [one, two]);
    });

    it('has what the model has after batches that share objects', async () => {
      const warehouse = await open(await fresh());
      const batches = [stateBatch(FIRST), stateBatch({ ...SECOND, b: FIRST.b }), stateBatch({ ...THIRD, c: SECOND.c })];
      for (const batch of batches) await load(warehouse, batch);
      await expectModel(warehouse, batches);
    });

    it('has the same rows whatever the order of batches', async () => {
      const batches = [stateBatch(FIRST), stateBatch(SECOND), stateBatch(THIRD)];
      for (const order of [
        [0, 1, 2],
        [2, 1, 0],
        [1, 2, 0],
      ]) {
        const warehouse = await open(await fresh());
        for (const index of order) await load(warehouse, batches[index]!);
        await expectModel(warehouse, batches);
      }
    });

    it('takes a batch without rows', async () => {
      const warehouse = await open(await fresh());
      const batches = [stateBatch(FIRST), stateBatch({ e: [] })];
      for (const batch of batches) await load(warehouse, batch);
      await expectModel(warehouse, batches);
    });

    it.each(phases)('has what the model has after a crash at %s and a retry', async (phase) => {
      const target = await fresh();
      const many = Array.from({ length: 20_000 }, (_, id): State => [id, 2, `note ${id}`]);
      const [one, two] = [stateBatch(FIRST), stateBatch({ many })];
      await load(await open(target), one);
      let cuts = 0;
      const crashing = await open(target, async (at) => {
        if (at !== phase) return;
        cuts += 1;
        await target.cut();
        if (phase === phases.at(-1)) throw Object.assign(new Error('the answer was lost'), { code: 'ECONNRESET' });
      });
      await load(crashing, two).catch(() => {});
      expect(cuts).toBe(1);
      const healthy = await open(target);
      await load(healthy, two, 2);
      await expectModel(healthy, [one, two]);
    });

    it('has what the model has when two attempts load at once', async () => {
      const target = await fresh();
      const warehouses = await Promise.all([open(target), open(target)]);
      const [one, two] = [stateBatch(FIRST), stateBatch(SECOND)];
      await load(warehouses[0]!, one);
      const other = await openTestSession();
      await Promise.allSettled([
        load(warehouses[0]!, two),
        warehouses[1]!.load(stateLoad(other.session, mode, two, { attempt: 2 })),
      ]);
      await load(warehouses[1]!, two, 3);
      await expectModel(warehouses[1]!, [one, two]);
      await other.close();
    });

    if (mode === 'upsert') upsertOnly();
    if (mode === 'replace') replaceOnly();

    function upsertOnly(): void {
      it('lets the later batch win where the order is equal, whichever comes first', async () => {
        const batches = [stateBatch({ a: [[1, 5, 'first']] }), stateBatch({ b: [[1, 5, 'second']] })];
        for (const order of [batches, batches.toReversed()]) {
          const warehouse = await open(await fresh());
          for (const batch of order) await load(warehouse, batch);
          await expectModel(warehouse, batches);
        }
      });

      it('counts rows that were equal and rows that gave way', async () => {
        const warehouse = await open(await fresh());
        for (const batch of [stateBatch(FIRST), stateBatch(SECOND), stateBatch(THIRD)]) await load(warehouse, batch);
        const counts = await warehouse.presentRows('states', ['a', 'b', 'c', 'd'].map(testObject));
        const byName = (object: string) => counts.find((count) => count.object === testObject(object));
        expect(byName('a')).toEqual({ object: testObject('a'), present: 0, overwritten: 2 });
        expect(byName('c')).toEqual({ object: testObject('c'), present: 2, unchanged: 1 });
        expect(byName('d')).toEqual({ object: testObject('d'), present: 2, overwritten: 2 });
      });

      it('refuses a row without its key, and changes nothing', async () => {
        const warehouse = await open(await fresh());
        const batch = stateBatch(FIRST);
        await load(warehouse, batch);
        const request = stateLoad(session, mode, stateBatch(SECOND));
        const source = `(SELECT * REPLACE (CASE WHEN id = 3 THEN NULL ELSE id END AS id) FROM ${request.source})`;
        await expect(warehouse.load({ ...request, source })).rejects.toMatchObject({ code: 'KEY_MISSING' });
        await expectModel(warehouse, [batch]);
      });

      it('keeps columns that the batch does not bring', async () => {
        const warehouse = await open(await fresh());
        const request = stateLoad(session, mode, stateBatch({ a: [[1, 1, 'one']] }));
        const columns = [...request.columns, { name: 'extra', type: 'VARCHAR' }];
        await warehouse.load({ ...request, columns, source: `(SELECT *, 'kept' AS extra FROM ${request.source})` });
        await load(warehouse, stateBatch({ b: [[1, 2, 'again']] }));
        expect((await warehouse.ask('SELECT note, extra FROM states')).rows).toEqual([['again', 'kept']]);
      });
    }

    function replaceOnly(): void {
      it('replaces the rows of its scope and no others', async () => {
        const warehouse = await open(await fresh());
        const batches = [
          stateBatch({ a: [[1, 1, 'old']] }, 'dt=1'),
          stateBatch({ b: [[2, 1, 'other']] }, 'dt=2'),
          stateBatch({ c: [[3, 1, 'new']] }, 'dt=1'),
        ];
        for (const batch of batches) await load(warehouse, batch);
        await expectModel(warehouse, batches);
      });

      it('says of the rows of a batch that comes too late that they gave way', async () => {
        const warehouse = await open(await fresh());
        const [late, newest] = [stateBatch(FIRST), stateBatch(SECOND)];
        await load(warehouse, newest);
        expect(await load(warehouse, late)).toMatchObject({ kind: 'loaded', rows: 0 });
        const [count] = await warehouse.presentRows('states', [testObject('a')]);
        expect(count).toEqual({ object: testObject('a'), present: 0, removed: 2 });
      });

      it('takes rows away when the newest batch has none', async () => {
        const warehouse = await open(await fresh());
        const batches = [stateBatch(FIRST), stateBatch({})];
        for (const batch of batches) await load(warehouse, batch);
        await expectModel(warehouse, batches);
      });
    }
  });
}
