/** What the server answers to a statement that it cannot or may not run. */
export class SnowflakeFault extends Error {
  constructor(
    readonly code: string,
    readonly sqlState: string,
    message: string,
  ) {
    super(message);
  }
}

export const unknownStatement = (sql: string) =>
  new SnowflakeFault('001003', '42000', `SQL compilation error: the stand-in does not know: ${sql.slice(0, 200)}`);

export const noSuchThing = (what: string) =>
  new SnowflakeFault('002003', '02000', `SQL compilation error: ${what} does not exist or not authorized.`);
