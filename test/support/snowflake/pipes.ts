import type { Account } from './account.js';
import { tableId } from './account.js';
import { copyPiped } from './copyInto.js';
import { change } from './transactions.js';

/** The REST interface of pipes: insertFiles answers at once and copies afterwards; insertReport tells what became of files. */
export async function servePipe(
  account: Account,
  { name, verb, files }: { readonly name: string; readonly verb: string; readonly files: readonly string[] },
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const pipe = account.pipes.get(tableId(name));
  if (pipe === undefined) return undefined;
  if (verb === 'insertReport') {
    const reported = [...pipe.files].map(([path, { status, rows }]) => ({
      path,
      status,
      rowsInserted: rows,
      complete: true,
    }));
    return { pipe: name, completeResult: true, files: reported };
  }
  for (const file of files.filter((one) => !pipe.files.has(one))) {
    pipe.files.set(file, { status: 'LOAD_IN_PROGRESS', rows: 0 });
    const session = await account.openSession();
    void change(account, session, () => copyPiped(account, session.connection, pipe.copy, file)).then(
      (rows) => pipe.files.set(file, { status: 'LOADED', rows }),
      () => pipe.files.set(file, { status: 'LOAD_FAILED', rows: 0 }),
    );
  }
  return { requestId: 'r', status: 'success', responseCode: 'SUCCESS' };
}
