import { createHash } from 'node:crypto';
import type { StepRef } from '../ledger/port.js';

/** A namespace of Sluice's own for name-based UUIDs. */
const NAMESPACE = '6f0e5d0c-9f0b-5c58-8f0a-2f6b1a7d3c41';

/** The run of one attempt at a step: the same attempt has the same id, wherever and however often it is emitted. */
export function runIdOf({ batch, step, target, table, attempt }: StepRef & { readonly attempt: number }): string {
  return uuidV5([batch, step, target, table, String(attempt)].join('\n'));
}

/** The run that the steps of a batch belong to. */
export function batchRunId(batch: string): string {
  return uuidV5(batch);
}

/** RFC 9562 UUIDv5: SHA-1 over namespace and name. */
export function uuidV5(name: string, namespace = NAMESPACE): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  const bytes = hash.subarray(0, 16);
  bytes.writeUInt8(0x50 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
