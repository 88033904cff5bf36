import type { Writable } from 'node:stream';
import type { DuckDBMaterializedResult } from '@duckdb/node-api';
import { SluiceError, assertNever } from '../../errors.js';
import { encoders } from '../encoders/encoders.js';
import { writeData, writeLast } from '../frames.js';
import type { ChildAnswer, ChildRequest } from '../messages.js';
import type { EngineRow } from '../port.js';
import { faultOf } from './faults.js';
import { type Instance, openInstance } from './instance.js';
import { openInterrupts } from './interrupts.js';
import { engineValue } from './values.js';

const QUERY_ROW_LIMIT = 100_000;
const NO_ROWS: readonly EngineRow[] = [];

type Copy = Extract<ChildRequest, { kind: 'copy' }>;
type Statement = Exclude<ChildRequest, { kind: 'copy' | 'interrupt' }>;

/** Serves the requests of one session after another. Statements run in the order they came; copies beside them, one at a time. */
export class ChildServer {
  readonly #interrupts = openInterrupts();
  #statements: Promise<unknown> = Promise.resolve();
  #copies: Promise<unknown> = Promise.resolve();
  #instance: Instance | undefined;

  constructor(
    private readonly answer: (message: ChildAnswer) => void,
    private readonly pipe: Writable,
  ) {}

  /** Takes a request; never throws. */
  handle(request: ChildRequest): void {
    const { id, kind } = request;
    if (kind === 'interrupt') return this.#interrupts.interrupt(id);
    this.#interrupts.add(id);
    const settled = () => this.#interrupts.remove(id);
    if (kind === 'copy') {
      this.#copies = this.#copies
        .then(() => this.#copy(request))
        .then(
          () => writeLast(this.pipe),
          (error: unknown) => writeLast(this.pipe, faultOf(error)),
        )
        .finally(settled);
      return;
    }
    this.#statements = this.#statements
      .then(() => this.#state(request))
      .then(
        (rows) => this.answer({ kind: 'done', id, rows }),
        (error: unknown) => this.answer({ kind: 'failed', id, ...faultOf(error) }),
      )
      .finally(settled);
  }

  async #state(request: Statement): Promise<readonly EngineRow[]> {
    switch (request.kind) {
      case 'open':
        this.#instance = await openInstance(request.options);
        return NO_ROWS;
      case 'close':
        await this.#copies;
        this.#instance?.close();
        this.#instance = undefined;
        return NO_ROWS;
      case 'run':
        await this.#interrupts.guard(request.id, this.#opened, () => this.#opened.run(request.sql));
        return NO_ROWS;
      case 'query':
        return this.#interrupts.guard(request.id, this.#opened, async () =>
          readRows(await this.#opened.run(request.sql)),
        );
      default:
        return assertNever(request);
    }
  }

  async #copy(request: Copy): Promise<void> {
    const connection = await this.#opened.connect();
    const write = async (bytes: Uint8Array) => {
      if (this.#interrupts.isInterrupted(request.id)) throw new SluiceError('ENGINE_QUERY', 'the copy was interrupted');
      await writeData(this.pipe, bytes);
    };
    const encode = () => encoders[request.encoding](connection, request, write);
    await this.#interrupts.guard(request.id, connection, encode).finally(() => connection.closeSync());
  }

  get #opened(): Instance {
    if (this.#instance === undefined) throw new SluiceError('INTERNAL', 'expected an open session, got none');
    return this.#instance;
  }
}

/** Not of a streamed result: one of those ends early and without an error when its statement fails midway. */
async function readRows(result: DuckDBMaterializedResult): Promise<readonly EngineRow[]> {
  const names = result.deduplicatedColumnNames();
  if (result.rowCount > QUERY_ROW_LIMIT) {
    throw new SluiceError(
      'ENGINE_QUERY',
      `expected at most ${QUERY_ROW_LIMIT} rows of a query, got ${result.rowCount}`,
    );
  }
  const rows = await result.getRows();
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, engineValue(row[index] ?? null)])));
}
