import type { Account } from './account.js';
import { tableId } from './account.js';
import { copyPiped } from './copyInto.js';
import type { Rowset } from './rowset.js';
import { textRowset } from './rowset.js';
import { change } from './transactions.js';

const HISTORY = new RegExp(
  `^SELECT "FILE_NAME", "STATUS", "ROW_COUNT", "ROW_PARSED", "ERROR_COUNT" FROM TABLE\\("RAW"\\.INFORMATION_SCHEMA\\.COPY_HISTORY\\(TABLE_NAME => '(.*)', START_TIME => DATEADD\\(HOUR, -\\d+, CURRENT_TIMESTAMP\\(\\)\\)\\)\\)$`,
);

/** What COPY_HISTORY says of the files that pipes brought into a table; undefined when the statement asks for something else. */
export function copyHistoryOf(account: Account, text: string): Rowset | undefined {
  const table = HISTORY.exec(text)?.[1];
  if (table === undefined) return undefined;
  const files = [...account.pipes.values()]
    .filter(({ copy }) => copy.startsWith(`COPY INTO ${table} (`))
    .flatMap((pipe) => [...pipe.files])
    .filter(([, { status }]) => status !== 'LOAD_IN_PROGRESS');
  return textRowset(
    ['FILE_NAME', 'STATUS', 'ROW_COUNT', 'ROW_PARSED', 'ERROR_COUNT'],
    // Spelled as people read it, unlike the report.
    files.map(([file, { status, rows }]) => [
      file,
      status === 'LOADED' ? 'Loaded' : 'Load failed',
      String(rows),
      String(rows),
      '0',
    ]),
  );
}

/** The REST interface of pipes: insertFiles answers at once and copies afterwards; insertReport tells what became of files. */
export async function servePipe(
  account: Account,
  { name, verb, files }: { readonly name: string; readonly verb: string; readonly files: readonly string[] },
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const pipe = account.pipes.get(tableId(name));
  if (pipe === undefined) return undefined;
  if (verb === 'insertReport') {
    const reported = [...(account.reportForgets ? [] : pipe.files)].map(([path, { status, rows }]) => ({
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
    const copied = change(account, session, () => copyPiped(account, session.connection, pipe.copy, file)).then(
      (rows) => pipe.files.set(file, { status: 'LOADED', rows }),
      () => pipe.files.set(file, { status: 'LOAD_FAILED', rows: 0 }),
    );
    // What a report has forgotten was copied long ago.
    if (account.reportForgets) await copied;
  }
  return { requestId: 'r', status: 'success', responseCode: 'SUCCESS' };
}
