import type { Command } from 'commander';
import { loadConfig } from '../../shared/config/load.js';
import { SluiceError } from '../../shared/errors.js';
import { openLedger } from '../../shared/ledger/open.js';
import { baseCommand, type CommonOptions, withIo } from '../io.js';

/** `sluice migrate`. */
export function migrateCommand(): Command {
  return baseCommand('migrate', 'bring the ledger to this version’s shape, before its parts start').action(
    (options: CommonOptions) =>
      withIo(options, async (io) => {
        const { url } = loadConfig(io.configFile).ledger;
        if (url === undefined)
          throw new SluiceError('USAGE', 'expected ledger.url in the configuration, got an embedded ledger');
        const ledger = await openLedger({ url, maxConnections: 1 });
        try {
          await ledger.migrate();
        } finally {
          await ledger.close();
        }
        io.output.answer({ migrated: true }, () => io.output.line('the ledger has this version’s shape'));
      }),
  );
}
