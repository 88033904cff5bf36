import { afterAll, expect } from 'vitest';
import { LOAD_PHASES } from '../../../../src/shared/warehouses/snowflake/loadBatch.js';
import { WRITE_MODES } from '../../../../src/shared/warehouses/port.js';
import { type TestTarget, warehouseContract } from '../../../contracts/warehouse.js';
import { writeModesContract } from '../../../contracts/writeModes.js';
import type { StandIn } from '../../../support/snowflake/server.js';
import { openOn, startAccount } from '../../../support/snowflake/warehouse.js';

const standIns: StandIn[] = [];
afterAll(async () => {
  // What DDL finds open, it commits: no load may ever run DDL within its transaction.
  expect(standIns.map(({ account }) => account.ddlInTransaction)).toEqual(standIns.map(() => 0));
  await Promise.all(standIns.map((one) => one.close()));
});

for (const stage of [{ kind: 'internal' }, { kind: 'external', integration: 'LAKE_S3', url: 's3://lake/' }] as const) {
  const underTest = {
    phases: LOAD_PHASES,
    fold: (name: string) => name.toUpperCase(),
    fresh: async (): Promise<TestTarget> => {
      const account = await startAccount();
      standIns.push(account.standIn);
      return {
        open: async (onPhase) => openOn(account, { stage, ...(onPhase && { onPhase }) }),
        cut: () => account.standIn.cut(),
      };
    },
  };
  warehouseContract(`Snowflake (${stage.kind} stage)`, underTest);
  writeModesContract(`Snowflake (${stage.kind} stage)`, WRITE_MODES, underTest);
}
