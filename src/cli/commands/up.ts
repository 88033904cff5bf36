import type { Command } from 'commander';
import { loadConfig } from '../../shared/config/load.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { notificationsOf, startAll, stayUp, withIntakePort } from '../up.js';
import { withServices } from '../withServices.js';

/** `sluice up`. */
export function upCommand(): Command {
  return baseCommand('up', 'intake, worker and console in one process; services not configured are embedded').action(
    (options: CommonOptions) =>
      withIo(options, async (io) => {
        const config = await withIntakePort(loadConfig(io.configFile));
        await withServices(io, { part: 'up', config, notifications: notificationsOf(config) }, async (services) => {
          const { addresses, stop } = await startAll(services);
          const { console, queues, intake, targets } = addresses;
          const rows = [['console', console], ['queues', queues], ['intake', intake], ...Object.entries(targets)];
          io.output.answer(addresses, () => io.output.table(['', ''], rows));
          await stayUp(io.signal);
          await stop();
        });
      }),
  );
}
