import type { Command } from 'commander';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { openIntakePart } from '../parts.js';
import { stayUp } from '../up.js';
import { withServices } from '../withServices.js';

/** `sluice intake`. */
export function intakeCommand(): Command {
  return baseCommand('intake', 'take events over HTTP into the ledger, until Ctrl-C').action((options: CommonOptions) =>
    withIo(options, (io) =>
      withServices(io, { part: 'intake', queueMayBeAway: true }, async (services) => {
        const intake = await openIntakePart(services);
        io.output.answer({ ready: true, intake: intake.url }, () => io.output.line(`intake ${intake.url}`));
        await stayUp(io.signal);
        await intake.close();
      }),
    ),
  );
}
