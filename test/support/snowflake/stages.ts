import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account, Stage } from './account.js';
import { tableId } from './account.js';
import { noSuchThing, unknownStatement } from './fault.js';
import type { Rowset } from './rowset.js';
import { textRowset } from './rowset.js';
import { NAME, readOptions, unquoteLiteral } from './text.js';

const PUT = new RegExp(`^PUT ('file://(?:[^'\\\\]|\\\\.|'')+') @${NAME}/(\\S+) (.*)$`);
const PUT_OPTIONS = {
  AUTO_COMPRESS: /^FALSE$/,
  OVERWRITE: /^TRUE$/,
  PARALLEL: /^([1-9]|[1-9]\d)$/,
};

/** The stage of that name, or the fault that Snowflake answers with. */
export function stageOf(account: Account, name: string): Stage {
  const stage = account.stages.get(tableId(name));
  if (stage === undefined) throw noSuchThing(`Stage '${name}'`);
  return stage;
}

/** LIST and REMOVE. PUT is answered by `uploadPlan`: the driver moves the file itself. */
export async function runStageStatement(account: Account, text: string): Promise<Rowset> {
  const match = new RegExp(`^(LIST|REMOVE) @${NAME}(?:/(\\S*))?$`).exec(text);
  const [, word, name, path = ''] = match ?? [];
  if (name === undefined) throw unknownStatement(text);
  const stage = stageOf(account, name);
  const files = (await filesOf(stage.folder)).filter((file) => file.startsWith(path));
  const short = tableId(name).split('.').at(-1)?.toLowerCase();
  if (word === 'REMOVE') {
    await Promise.all(files.map((file) => rm(join(stage.folder, file), { force: true })));
    return textRowset(
      ['name', 'result'],
      files.map((file) => [`${short}/${file}`, 'removed']),
    );
  }
  const rows = await Promise.all(
    files.map(async (file) => {
      const { size, mtime } = await stat(join(stage.folder, file));
      return [`${short}/${file}`, String(size), 'md5', mtime.toUTCString()];
    }),
  );
  return textRowset(['name', 'size', 'md5', 'last_modified'], rows);
}

/** What the server tells the driver to do for a PUT. */
export async function uploadPlan(account: Account, text: string): Promise<Readonly<Record<string, unknown>>> {
  const [, source, name, path, options] = PUT.exec(text) ?? [];
  if (source === undefined || name === undefined || path === undefined) throw unknownStatement(text);
  readOptions(options ?? '', PUT_OPTIONS);
  const stage = stageOf(account, name);
  if (stage.kind === 'external') throw unknownStatement(`PUT into an external stage: ${text}`);
  const location = join(stage.folder, path);
  await mkdir(location, { recursive: true });
  const stageInfo = {
    locationType: 'LOCAL_FS',
    location,
    path: '',
    region: '',
    storageAccount: null,
    isClientSideEncrypted: false,
    creds: null,
    presignedUrl: null,
    endPoint: null,
  };
  return {
    uploadInfo: stageInfo,
    stageInfo,
    src_locations: [unquoteLiteral(source).replace(/^file:\/\//, '')],
    parallel: 4,
    threshold: 209_715_200,
    autoCompress: false,
    overwrite: true,
    sourceCompression: 'auto_detect',
    clientShowEncryptionParameter: false,
    encryptionMaterial: null,
    command: 'UPLOAD',
    kind: null,
    operation: 'Node',
    statementTypeId: 29_184,
  };
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
