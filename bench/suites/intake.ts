import { rate, ratioResult } from '../harness/result.js';
import { runPairs } from '../harness/runPairs.js';
import { openBenchServices } from '../services.js';
import type { Suite } from '../suite.js';

/** Notifications of 10 records over 50 connections: durable in the ledger, over Express that keeps nothing, over one COPY. */
export const intakeSuite: Suite = async (bench) => {
  const services = await openBenchServices(bench.scratch);
  const side = (title: string, name: string) => async () => ({
    title,
    module: 'intake',
    name,
    counted: services.pids,
    args: {
      requests: bench.quick ? 200 : Math.round(6000 * bench.part),
      perRequest: 10,
      connections: 50,
      redisUrl: services.redisUrl,
      ledgerUrl: await services.freshDatabase(),
    },
  });
  try {
    const a = side('webhook', 'webhook');
    const express = { a, b: side('bare Express', 'bareExpress') };
    bench.add(ratioResult('intake/webhook-records-per-second', await runPairs(express, bench), rate));
    const copy = { a, b: side('bare COPY', 'bareCopy') };
    bench.add(ratioResult('intake/over-bare-copy', await runPairs(copy, bench), rate));
  } finally {
    await services.close();
  }
};
