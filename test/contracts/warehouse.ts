import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../src/shared/engine/port.js';
import type { SluiceError } from '../../src/shared/errors.js';
import type { LoadRequest, Warehouse } from '../../src/shared/warehouses/port.js';
import { ordersLoad, openTestSession, testObject } from '../support/loadRequests.js';

/** One kind of target, as the suite needs it. */
export interface WarehouseUnderTest {
  /** An empty target for one test. */
  readonly fresh: () => Promise<TestTarget>;
  /** The phases of its load, in order; the last one comes after the commit. */
  readonly phases: readonly string[];
  /** How the target spells a name that stands in no quotes. Default: as it is written here. */
  readonly fold?: (name: string) => string;
}

export interface TestTarget {
  readonly open: (onPhase?: (phase: string, request: LoadRequest) => Promise<void>) => Promise<Warehouse>;
  /** Cuts every connection that writes into the target, as a crash would. */
  readonly cut: () => Promise<void>;
}

/** What every target promises about append loads. */
export function warehouseContract(name: string, { fresh, phases, fold = (name) => name }: WarehouseUnderTest): void {
  describe(`the ${name} warehouse`, () => {
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

    const countOf = async (warehouse: Warehouse, table = 'orders') => {
      const { rows } = await warehouse.ask(`SELECT count(*) FROM ${table}`);
      return Number(rows[0]?.[0]);
    };

    it('creates the table and loads every row with its provenance', async () => {
      const warehouse = await open(await fresh());
      const request = ordersLoad(session, { a: 3, b: 2 });
      const receipt = await warehouse.load(request);
      expect(receipt).toMatchObject({ kind: 'loaded', rows: 5, skipped: [] });
      expect(Math.abs(receipt.committedAt.getTime() - Date.now())).toBeLessThan(60_000);
      const { rows } = await warehouse.ask(
        'SELECT id, amount, note, _sluice_batch, _sluice_object, _sluice_row FROM orders ORDER BY _sluice_object, id',
      );
      expect(rows).toContainEqual(['2', '0.50', 'note 2', request.batch, testObject('a'), '2']);
      expect(rows).toHaveLength(5);
    });

    it('answers already for a batch that it holds, and writes nothing', async () => {
      const warehouse = await open(await fresh());
      const request = ordersLoad(session, { a: 3, b: 2 });
      const first = await warehouse.load(request);
      const second = await warehouse.load({ ...request, attempt: 2 });
      expect(second).toEqual({ kind: 'already', rows: 5, skipped: [], committedAt: first.committedAt });
      expect(await countOf(warehouse)).toBe(5);
    });

    it('loads a batch of no rows, once', async () => {
      const warehouse = await open(await fresh());
      const request = ordersLoad(session, { empty: 0 });
      expect(await warehouse.load(request)).toMatchObject({ kind: 'loaded', rows: 0 });
      expect(await warehouse.load(request)).toMatchObject({ kind: 'already', rows: 0 });
    });

    it('answers already to an older attempt at a batch that it holds', async () => {
      const warehouse = await open(await fresh());
      const request = ordersLoad(session, { a: 3 });
      const { committedAt } = await warehouse.load({ ...request, attempt: 7 });
      const receipt = await warehouse.load({ ...request, attempt: 6 });
      expect(receipt).toEqual({ kind: 'already', rows: 3, skipped: [], committedAt });
    });

    it('refuses an older attempt at a batch that it does not hold, until attempts have caught up', async () => {
      const target = await fresh();
      const warehouse = await open(target);
      const request = ordersLoad(session, { a: 3 });
      const interrupted = await open(target, async () => {
        throw new Error('stopped');
      });
      await expect(interrupted.load({ ...request, attempt: 3 })).rejects.toThrow('stopped');
      const refusal = { code: 'LOAD_FENCED', retry: 'backoff', facts: { attempt: 2 } };
      const fenced = await warehouse.load({ ...request, attempt: 2 }).catch((error: unknown) => error);
      expect(fenced).toMatchObject(refusal);
      expect(Number((fenced as SluiceError).facts['fence'])).toBe(3);
      expect(await warehouse.load({ ...request, attempt: 3 })).toMatchObject({ kind: 'loaded', rows: 3 });
    });

    it('lets an attempt change nothing once a newer one has raised the fence', async () => {
      const target = await fresh();
      const newer = await open(target);
      const request = ordersLoad(session, { a: 3 });
      // A request that cannot be planned: it raises the fence and gets no further.
      const rival = { ...request, attempt: 2, columns: [{ name: '_sluice_x', type: 'BIGINT' }] };
      const older = await open(target, async (phase) => {
        if (phase === 'copied') await newer.load(rival).catch(() => {});
      });
      const code = await older.load(request).catch((error: { code: string }) => error.code);
      // A target may also end the connection of an attempt that cannot commit any more.
      expect(['LOAD_FENCED', 'TARGET_AWAY']).toContain(code);
      expect(await countOf(newer)).toBe(0);
      expect(await newer.load({ ...request, attempt: 2 })).toMatchObject({ kind: 'loaded', rows: 3 });
    });

    it('lands a batch once when two attempts load it at once', async () => {
      const target = await fresh();
      const warehouses = await Promise.all([open(target), open(target)]);
      const request = ordersLoad(session, { a: 300, b: 200 });
      const sessions = await Promise.all([openTestSession(), openTestSession()]);
      const outcomes = await Promise.allSettled(
        warehouses.map((warehouse, index) =>
          warehouse.load({ ...request, attempt: index + 1, session: sessions[index]?.session ?? session }),
        ),
      );
      const kinds = outcomes.map((one) => (one.status === 'fulfilled' ? one.value.kind : String(one.reason.code)));
      expect(kinds.filter((kind) => kind === 'loaded')).toHaveLength(1);
      expect(
        kinds.every((kind) => ['loaded', 'already', 'LOAD_FENCED', 'TARGET_AWAY', 'TARGET_BUSY'].includes(kind)),
      ).toBe(true);
      expect(await countOf(warehouses[0]!)).toBe(500);
      await Promise.all(sessions.map(({ close }) => close()));
    });

    it('skips and names an object that another batch loaded before', async () => {
      const warehouse = await open(await fresh());
      await warehouse.load(ordersLoad(session, { a: 3, b: 2 }));
      const receipt = await warehouse.load(ordersLoad(session, { b: 2, c: 4 }));
      expect(receipt).toMatchObject({ kind: 'loaded', rows: 4, skipped: [testObject('b')] });
      expect(await countOf(warehouse)).toBe(9);
    });

    it('changes nothing when the rows are not as many as the manifest says', async () => {
      const warehouse = await open(await fresh());
      const request = ordersLoad(session, { a: 3 });
      const wrong = { ...request, objects: [{ object: testObject('a'), rows: 4 }] };
      await expect(warehouse.load(wrong)).rejects.toMatchObject({
        code: 'COUNT_MISMATCH',
        facts: { expected: 4, got: 3 },
      });
      expect(await countOf(warehouse)).toBe(0);
      expect(await warehouse.load(request)).toMatchObject({ kind: 'loaded', rows: 3 });
    });

    it.each(phases)('has every row once after a crash at %s and a retry', async (phase) => {
      const target = await fresh();
      let cuts = 0;
      const crashing = await open(target, async (at) => {
        if (at !== phase) return;
        cuts += 1;
        await target.cut();
        if (phase === phases.at(-1)) throw Object.assign(new Error('the answer was lost'), { code: 'ECONNRESET' });
      });
      const request = ordersLoad(session, { a: 30_000, b: 2 });
      const outcome = await crashing.load(request).then(
        () => 'went through',
        (error: { code: string }) => error.code,
      );
      expect(cuts).toBe(1);
      // A cut between two transactions is healed by the next connection; one inside a transaction is an error.
      expect(['went through', 'TARGET_AWAY']).toContain(outcome);
      const healthy = await open(target);
      const receipt = await healthy.load({ ...request, attempt: 2 });
      const landed = outcome === 'went through' || phase === phases.at(-1);
      expect(receipt).toMatchObject({ kind: landed ? 'already' : 'loaded', rows: 30_002 });
      expect(await healthy.presentRows('orders', [testObject('a'), testObject('b')])).toHaveLength(2);
      expect(await countOf(healthy)).toBe(30_002);
    });

    it('keeps nothing of a load whose rows the engine cannot finish', async () => {
      const warehouse = await open(await fresh());
      const request = ordersLoad(session, { a: 50_000 });
      const source = `(SELECT id, CASE WHEN id = 49999 THEN error('secret value') ELSE amount END AS amount, note, _sluice_object, _sluice_row FROM ${request.source})`;
      await expect(warehouse.load({ ...request, source })).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
      expect(await warehouse.presentRows('orders', [testObject('a')])).toEqual([]);
      expect(await warehouse.load(request)).toMatchObject({ kind: 'loaded', rows: 50_000 });
    });

    it('stops when it is told to, keeps nothing, and can begin again', async () => {
      const abort = new AbortController();
      const target = await fresh();
      const warehouse = await open(target, async (phase) => {
        if (phase === 'copying') abort.abort(new Error('shutting down'));
      });
      const request = ordersLoad(session, { a: 200_000 });
      await expect(warehouse.load({ ...request, signal: abort.signal })).rejects.toThrow('shutting down');
      const healthy = await open(target);
      expect(await countOf(healthy)).toBe(0);
      expect(await healthy.load(request)).toMatchObject({ kind: 'loaded', rows: 200_000 });
    });

    it('counts rows by object in the table itself', async () => {
      const warehouse = await open(await fresh());
      await warehouse.load(ordersLoad(session, { a: 3, b: 2 }));
      await warehouse.load(ordersLoad(session, { c: 5 }));
      await warehouse.ask(`DELETE FROM orders WHERE _sluice_object = '${testObject('a')}' AND id = 0`);
      const counts = await warehouse.presentRows('orders', ['a', 'c', 'unknown'].map(testObject));
      expect(counts.toSorted((x, y) => x.present - y.present)).toEqual([
        { object: testObject('a'), present: 2 },
        { object: testObject('c'), present: 5 },
      ]);
      expect(await warehouse.presentRows('no_such_table', [testObject('a')])).toEqual([]);
    });

    it('adds the columns of a widened schema', async () => {
      const warehouse = await open(await fresh());
      await warehouse.load(ordersLoad(session, { a: 1 }));
      const request = ordersLoad(session, { b: 1 });
      const source = `(SELECT *, 'x' AS extra FROM ${request.source})`;
      const columns = [...request.columns, { name: 'extra', type: 'VARCHAR' }];
      await warehouse.load({ ...request, source, columns });
      const { rows } = await warehouse.ask('SELECT extra FROM orders ORDER BY extra');
      expect(rows).toEqual([['x'], [null]]);
    });

    it('names the column that does not fit the table', async () => {
      const warehouse = await open(await fresh());
      await warehouse.load(ordersLoad(session, { a: 1 }));
      const request = ordersLoad(session, { b: 1 });
      const columns = request.columns.map((column) =>
        column.name === 'note' ? { name: 'note', type: 'DATE' } : column,
      );
      await expect(warehouse.load({ ...request, columns })).rejects.toMatchObject({
        code: 'TARGET_MISMATCH',
        message: expect.stringContaining(fold('note')),
      });
    });

    it('answers a question with names, kinds and texts', async () => {
      const warehouse = await open(await fresh());
      expect(await warehouse.ask(`SELECT 1 AS one, NULL AS nothing, 'x' AS word, 1 = 1 AS sure`)).toMatchObject({
        columns: ['one', 'nothing', 'word', 'sure'].map(fold),
        kinds: ['number', 'text', 'text', 'boolean'],
        rows: [['1', null, 'x', expect.stringMatching(/^t/)]],
      });
    });
  });
}
