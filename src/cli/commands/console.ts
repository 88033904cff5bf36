import type { Command } from 'commander';
import { baseCommand, type CommonOptions, withIo } from '../io.js';
import { openConsolePart } from '../parts.js';
import { stayUp } from '../up.js';
import { withServices } from '../withServices.js';

/** `sluice console`. */
export function consoleCommand(): Command {
  return baseCommand('console', 'pages, Bull Board, metrics and scale signal, until Ctrl-C').action(
    (options: CommonOptions) =>
      withIo(options, (io) =>
        withServices(io, { part: 'console' }, async (services) => {
          const { url, monitorUrl, close } = await openConsolePart(services);
          const monitoring = monitorUrl === undefined ? {} : { monitoring: monitorUrl };
          const answer = { ready: true, console: url, queues: `${url}/queues`, ...monitoring };
          io.output.answer(answer, () => io.output.line(`console ${url}  Bull Board ${answer.queues}`));
          await stayUp(io.signal);
          await close();
        }),
      ),
  );
}
