import { ERROR_CATALOGUE, type ErrorCode } from '../errors.js';
import type { CopyOutRequest, EngineOptions, EngineRow } from './port.js';

/** What the engine asks of a child process. `id` names the answer. */
export type ChildRequest =
  | { readonly kind: 'open'; readonly id: number; readonly options: EngineOptions }
  | { readonly kind: 'run' | 'query'; readonly id: number; readonly sql: string }
  | ({ readonly kind: 'copy'; readonly id: number } & CopyOrder)
  | { readonly kind: 'interrupt'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

/** What an encoder needs to know of a copy. */
export type CopyOrder = Pick<CopyOutRequest, 'sql' | 'encoding' | 'types'>;

/** What a child answers: each request but `interrupt` and `copy` has one; a copy's answer is the last frame of its bytes. */
export type ChildAnswer =
  | { readonly kind: 'done'; readonly id: number; readonly rows: readonly EngineRow[] }
  | ({ readonly kind: 'failed'; readonly id: number } & EngineFault);

/** A failure on its way between processes. */
export interface EngineFault {
  readonly code: ErrorCode;
  readonly message: string;
}

/** True for a message that a child of this version sends. */
export function isChildAnswer(message: unknown): message is ChildAnswer {
  if (!isRecord(message) || typeof message.id !== 'number') return false;
  if (message.kind === 'done') return Array.isArray(message.rows);
  return message.kind === 'failed' && isFault(message);
}

/** True for a message that an engine of this version sends. */
export function isChildRequest(message: unknown): message is ChildRequest {
  if (!isRecord(message) || typeof message.id !== 'number') return false;
  return ['open', 'run', 'query', 'copy', 'interrupt', 'close'].includes(String(message.kind));
}

/** True for `{code, message}` with a code of the catalogue. */
export function isFault(value: unknown): value is EngineFault {
  return (
    isRecord(value) &&
    typeof value.code === 'string' &&
    value.code in ERROR_CATALOGUE &&
    typeof value.message === 'string'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
