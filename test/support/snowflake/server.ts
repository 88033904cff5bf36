import { createPublicKey, createVerify, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { Account, StandInSession } from './account.js';
import { openAccount } from './account.js';
import { asFault, execute } from './execute.js';
import { SnowflakeFault } from './fault.js';
import type { Rowset } from './rowset.js';
import { servePipe } from './pipes.js';
import { uploadPlan } from './stages.js';
import type { WireBind } from './text.js';
import { writeBinds } from './text.js';
import { rollBack } from './transactions.js';

/** Something that goes wrong on purpose, before or after a statement ran. */
export type Mishap =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'fault'; readonly code: string; readonly sqlState: string; readonly message: string }
  /** Runs the statement, then closes the connection without an answer; `first` is done before that. */
  | { readonly kind: 'drop'; readonly first?: () => Promise<void> }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'expire' };

export interface StandInOptions {
  /** Storage integrations and the folders that stand for their buckets. */
  readonly integrations?: Readonly<Record<string, string>>;
  /** Where buckets lie on this machine, for integrations that are made: `s3://lake/` -> folder. */
  readonly buckets?: Readonly<Record<string, string>>;
  /** Users who log in by password. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Users who log in by key pair: their public keys, PEM. */
  readonly publicKeys?: Readonly<Record<string, string>>;
  /** OAuth tokens that are good. */
  readonly tokens?: readonly string[];
  /** Called for each login (sql undefined) and each statement, in order. */
  readonly mishap?: (sql: string | undefined) => Mishap | undefined;
  /** A statement that takes longer is answered with a place to ask again, as after Snowflake's 45 s. */
  readonly answerWithinMs?: number;
}

/** A server that speaks the driver's protocol and runs statements on DuckDB. */
export interface StandIn {
  readonly url: string;
  readonly account: Account;
  /** Every statement in order, binds as `?`. */
  readonly statements: readonly string[];
  readonly logins: readonly Readonly<Record<string, unknown>>[];
  /** Ends every session: open transactions are rolled back. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

interface Running {
  readonly answer: Promise<Readonly<Record<string, unknown>>>;
}

/** Starts the stand-in on a free port of this machine. */
export async function startSnowflake(options: StandInOptions = {}): Promise<StandIn> {
  const account = await openAccount(
    new Map(Object.entries(options.integrations ?? {})),
    new Map(Object.entries(options.buckets ?? {})),
  );
  const sessions = new Map<string, StandInSession>();
  const expired = new Set<string>();
  const running = new Map<string, Running>();
  const statements: string[] = [];
  const logins: Record<string, unknown>[] = [];
  const turns = new WeakMap<StandInSession, Promise<unknown>>();

  // A rollback between two writes of a statement that still runs would leave the second one outside of any transaction.
  const end = async (session: StandInSession) => {
    session.dead = true;
    const soon = new Promise((resolve) => void setTimeout(resolve, 2000).unref());
    await Promise.race([turns.get(session), soon]);
    await rollBack(account, session);
  };

  const runNow = async (session: StandInSession, sql: string, id: string): Promise<Record<string, unknown>> => {
    try {
      if (sql.startsWith('PUT ')) return ok({ ...(await uploadPlan(account, sql)), queryId: id });
      return ok(resultOf(await execute(account, session, sql), id));
    } catch (error) {
      return failed(session.dead ? GONE : asFault(error), id);
    }
  };

  const query = async (request: Request, response: ServerResponse) => {
    const session = sessions.get(request.token);
    if (expired.has(request.token))
      return send(
        response,
        failed(new SnowflakeFault('390112', '08003', 'Your session has expired. Please login again.')),
      );
    if (session === undefined || session.dead) return send(response, failed(GONE));
    const requestId = request.url.searchParams.get('requestId') ?? randomUUID();
    const text = String(request.body['sqlText'] ?? '').trim();
    const known = running.get(requestId);
    // A repeat of a request that was received gets the answer of the first.
    if (known !== undefined) return await answer(response, requestId, known);
    const mishap = options.mishap?.(text);
    if (mishap?.kind === 'status') return void response.writeHead(mishap.status).end();
    if (mishap?.kind === 'fault')
      return send(response, failed(new SnowflakeFault(mishap.code, mishap.sqlState, mishap.message), requestId));
    if (mishap?.kind === 'expire') {
      expired.add(request.token);
      return await query(request, response);
    }
    statements.push(text);
    const sql = writeBinds(text, request.binds);
    const turn = (turns.get(session) ?? Promise.resolve()).then(async () => {
      if (mishap?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, mishap.ms));
      return await runNow(session, sql, requestId);
    });
    turns.set(session, turn);
    running.set(requestId, { answer: turn });
    if (mishap?.kind === 'drop') {
      await turn;
      await mishap.first?.();
      return void response.destroy();
    }
    await answer(response, requestId, { answer: turn }, request.body['asyncExec'] === true);
  };

  const answer = async (response: ServerResponse, id: string, { answer }: Running, now = false) => {
    const wait = now ? 0 : (options.answerWithinMs ?? 45_000);
    const later = new Promise<undefined>((resolve) => void setTimeout(() => resolve(undefined), wait).unref());
    const done = await Promise.race([answer, later]);
    if (done !== undefined) return send(response, done);
    const place = { queryId: id, getResultUrl: `/queries/${id}/result`, queryAbortsAfterSecs: 300 };
    send(response, { data: place, code: now ? '333334' : '333333', message: 'in progress', success: true });
  };

  const login = async (request: Request, response: ServerResponse) => {
    const data = record(request.body['data']);
    logins.push(data);
    const mishap = options.mishap?.(undefined);
    if (mishap?.kind === 'status') return void response.writeHead(mishap.status).end();
    if (mishap?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, mishap.ms));
    if (!isWelcome(data, { ...options, publicKeys: keysOf(account, options) }))
      return send(
        response,
        failed(new SnowflakeFault('390100', '08001', 'Incorrect username or password was specified.')),
      );
    const session = await account.openSession();
    const role = request.url.searchParams.get('roleName');
    if (role !== null) session.settings.set('ROLE', role.replaceAll('"', ''));
    const [token, masterToken] = [randomUUID(), randomUUID()];
    sessions.set(token, session).set(masterToken, session);
    send(
      response,
      ok({
        token,
        masterToken,
        validityInSeconds: 3600,
        masterValidityInSeconds: 14_400,
        sessionId: session.id,
        parameters: PARAMETERS,
        sessionInfo: { databaseName: 'RAW', schemaName: 'PUBLIC', warehouseName: 'WH', roleName: 'R' },
      }),
    );
  };

  const renew = (request: Request, response: ServerResponse) => {
    const session = sessions.get(request.token);
    if (session === undefined || session.dead) return send(response, failed(GONE));
    const sessionToken = randomUUID();
    sessions.set(sessionToken, session);
    const facts = { validityInSecondsST: 3600, masterToken: request.token, validityInSecondsMT: 14_400 };
    send(response, ok({ sessionToken, ...facts, sessionId: session.id }));
  };

  const pipe = async (request: Request, response: ServerResponse, [, name = '', verb = '']: readonly string[]) => {
    const user = /\.([^.]+)$/.exec(String(claimsOf(request.bearer)['sub']))?.[1] ?? '';
    if (!isSigned(request.bearer, user, keysOf(account, options)[user])) return void response.writeHead(401).end();
    const list = request.body['files'];
    const files = Array.isArray(list) ? list.map((file) => String(record(file)['path'])) : [];
    const answer = await servePipe(account, { name: decodeURIComponent(name), verb, files });
    if (answer === undefined) return void response.writeHead(404).end();
    send(response, answer);
  };

  const server = createServer((incoming, response) => {
    readRequest(incoming)
      .then(async (request) => {
        const { pathname } = request.url;
        const result = /^\/queries\/([^/]+)\/result$/.exec(pathname)?.[1];
        if (pathname === '/session/v1/login-request') return await login(request, response);
        if (pathname === '/session/token-request') return renew(request, response);
        if (pathname === '/queries/v1/query-request') return await query(request, response);
        if (result !== undefined && running.has(result)) return await answer(response, result, running.get(result)!);
        const watched = /^\/monitoring\/queries\/([^/]+)$/.exec(pathname)?.[1];
        if (watched !== undefined) return send(response, ok({ queries: await statusOf(running.get(watched)) }));
        const piped = /^\/v1\/data\/pipes\/([^/]+)\/(insertFiles|insertReport)$/.exec(pathname);
        if (piped !== null) return await pipe(request, response, piped);
        if (pathname === '/session') {
          const session = sessions.get(request.token);
          if (session !== undefined) await end(session);
          return send(response, ok(null));
        }
        if (/^\/(telemetry\/send(\/sessionless)?|session\/heartbeat|queries\/v1\/abort-request)$/.test(pathname))
          return send(response, ok(null));
        return void response.writeHead(404).end();
      })
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    account,
    statements,
    logins,
    cut: async () => void (await Promise.all([...new Set(sessions.values())].map(end))),
    close: async () => {
      await Promise.all([...new Set(sessions.values())].map(end));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await account.close();
    },
  };
}

/** What a query that was left to itself has come to. */
async function statusOf(query: Running | undefined): Promise<readonly unknown[]> {
  if (query === undefined) return [];
  const done = await Promise.race([
    query.answer,
    new Promise<undefined>((resolve) => setImmediate(resolve, undefined)),
  ]);
  if (done === undefined) return [{ status: 'RUNNING' }];
  return [
    done['success'] === true ? { status: 'SUCCESS' } : { status: 'FAILED_WITH_ERROR', errorMessage: done['message'] },
  ];
}

const GONE = new SnowflakeFault(
  '390111',
  '08003',
  'Session no longer exists. New login required to access the service.',
);

interface Request {
  readonly url: URL;
  readonly token: string;
  readonly bearer: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly binds: Readonly<Record<string, WireBind>> | undefined;
}

async function readRequest(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const raw = Buffer.concat(chunks);
  const bytes = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
  const body = bytes.length === 0 ? {} : record(JSON.parse(bytes.toString()));
  const token = /Token="([^"]+)"/.exec(incoming.headers.authorization ?? '')?.[1] ?? '';
  const bearer = (incoming.headers.authorization ?? '').replace('Bearer ', '');
  const binds = body['bindings'] as Record<string, WireBind> | undefined;
  return { url: new URL(incoming.url ?? '/', 'http://localhost'), token, bearer, body, binds };
}

/** The public keys that were there, and those that CREATE USER brought. */
function keysOf({ people }: Account, { publicKeys }: StandInOptions): Readonly<Record<string, string>> {
  const made = [...people.users].map(([name, key]) => [
    name,
    `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----\n`,
  ]);
  return { ...Object.fromEntries(made), ...publicKeys };
}

function isWelcome(data: Readonly<Record<string, unknown>>, options: StandInOptions): boolean {
  const user = String(data['LOGIN_NAME'] ?? '').toUpperCase();
  switch (data['AUTHENTICATOR']) {
    case 'SNOWFLAKE_JWT':
      return isSigned(String(data['TOKEN']), user, options.publicKeys?.[user]);
    case 'OAUTH':
      return options.tokens?.includes(String(data['TOKEN'])) === true;
    default:
      return data['PASSWORD'] !== undefined && options.passwords?.[user] === data['PASSWORD'];
  }
}

/** RS256 over the token's first two parts; the claims name the user. */
function isSigned(token: string, user: string, publicKey: string | undefined): boolean {
  const [head = '', claims = '', signature = ''] = token.split('.');
  if (publicKey === undefined) return false;
  const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`);
  const facts = claimsOf(token);
  const named = String(facts['sub']).endsWith(`.${user}`) && String(facts['iss']).includes(`.${user}.SHA256:`);
  return (
    named &&
    Number(facts['exp']) * 1000 > Date.now() &&
    verify.verify(createPublicKey(publicKey), signature, 'base64url')
  );
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const [, claims = ''] = token.split('.');
  return claims === '' ? {} : record(JSON.parse(Buffer.from(claims, 'base64url').toString()));
}

const PARAMETERS = Object.entries({
  TIMEZONE: 'UTC',
  TIMESTAMP_OUTPUT_FORMAT: 'YYYY-MM-DD HH24:MI:SS.FF9',
  TIMESTAMP_NTZ_OUTPUT_FORMAT: 'YYYY-MM-DD HH24:MI:SS.FF9',
  TIMESTAMP_LTZ_OUTPUT_FORMAT: 'YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM',
  TIMESTAMP_TZ_OUTPUT_FORMAT: 'YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM',
  DATE_OUTPUT_FORMAT: 'YYYY-MM-DD',
  TIME_OUTPUT_FORMAT: 'HH24:MI:SS',
  BINARY_OUTPUT_FORMAT: 'HEX',
  CLIENT_TELEMETRY_ENABLED: false,
  CLIENT_STAGE_ARRAY_BINDING_THRESHOLD: 65_280,
}).map(([name, value]) => ({ name, value }));

function resultOf({ rowtype, rowset, statementTypeId = 0x1000 }: Rowset, id: string): Record<string, unknown> {
  const place = { finalDatabaseName: 'RAW', finalSchemaName: 'PUBLIC', finalWarehouseName: 'WH', finalRoleName: 'R' };
  const counts = { total: rowset.length, returned: rowset.length };
  return {
    parameters: PARAMETERS,
    rowtype,
    rowset,
    ...counts,
    queryId: id,
    ...place,
    statementTypeId,
    version: 1,
    queryResultFormat: 'json',
  };
}

function ok(data: unknown): Record<string, unknown> {
  return { data, code: null, message: null, success: true };
}

function failed({ code, sqlState, message }: SnowflakeFault, queryId: string = randomUUID()): Record<string, unknown> {
  const data = {
    internalError: false,
    errorCode: code,
    age: 0,
    sqlState,
    queryId,
    line: 1,
    pos: 0,
    type: 'COMPILATION',
  };
  return { data, code, message, success: false, headers: null };
}

function send(response: ServerResponse, answer: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
