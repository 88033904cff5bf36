import pino from 'pino';

/** What the parts need of a log: facts first, then a sentence. Never secrets, never row values. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  child(facts: Readonly<Record<string, string>>): Logger;
}

/** A JSON log on standard error, so that standard output stays for answers. `level`: debug, info, warn, error or silent. */
export function openLog(level: string, part: string): Logger {
  return pino(
    { level, base: { part }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** Says nothing. */
export const silentLog: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
