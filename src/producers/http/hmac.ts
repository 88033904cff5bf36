import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../shared/clock.js';
import { SluiceError } from '../../shared/errors.js';

export const SIGNATURE_HEADER = 'x-sluice-signature';

/** How far the time of a signature may be from ours. */
const TOLERANCE_S = 300;

/** Signatures that are remembered; the oldest give way. A replay changes nothing in the ledger, so this guards only the work. */
const MAX_REMEMBERED = 200_000;

/** A request whose signature fits. */
export interface SignedRequest {
  /** A name for limits and logs: which secret it was. */
  readonly sender: string;
  /** In hex; of equal requests the same. */
  readonly signature: string;
  /** Call with the end of the work: a request that was not taken may be sent again as it is. */
  settle(isTaken: boolean): void;
}

/** Checks a signature header against the body's raw bytes. Throws EVENT_SIGNATURE, EVENT_EXPIRED, EVENT_REPLAYED, INTAKE_BUSY. */
export type HmacCheck = (header: string, body: Buffer) => SignedRequest;

/**
 * The check of `x-sluice-signature: t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256 over `SECONDS.BODY` with one of the secrets (several v1
 * may be given while secrets change). The time must be within five minutes of ours. A signature serves once: the same again while the first
 * is in work is told to wait, since nobody knows yet how that ends; after it was taken it is refused.
 */
export function openHmacCheck(secrets: readonly string[], clock: Pick<Clock, 'now'>): HmacCheck {
  const seen = new Map<string, { readonly atMs: number; isTaken: boolean }>();
  return (header, body) => {
    const { seconds, signatures } = readHeader(header);
    const { secret, signature } = findSecret(secrets, signatures, [`${seconds}.`, body]);
    if (Math.abs(clock.now() / 1000 - seconds) > TOLERANCE_S)
      throw new SluiceError('EVENT_EXPIRED', `expected a time within ${TOLERANCE_S} s of ours, got another`);
    forgetOld(seen, clock.now());
    const before = seen.get(signature);
    if (before?.isTaken === false) throw new SluiceError('INTAKE_BUSY', 'the same signed request is in work');
    if (before !== undefined) throw new SluiceError('EVENT_REPLAYED', 'expected a signature that was not used yet');
    const mine = { atMs: clock.now(), isTaken: false };
    seen.set(signature, mine);
    return {
      sender: `hmac ${secret + 1}`,
      signature,
      settle: (isTaken) => {
        if (isTaken) mine.isTaken = true;
        else seen.delete(signature);
      },
    };
  };
}

function readHeader(header: string): { seconds: number; signatures: readonly Buffer[] } {
  const parts = header.split(',').map((part) => part.trim());
  const seconds = parts.flatMap((part) => /^t=(\d{1,11})$/.exec(part)?.[1] ?? []);
  const signatures = parts.flatMap((part) => /^v1=([0-9a-f]{64})$/i.exec(part)?.[1] ?? []);
  if (seconds.length !== 1 || signatures.length === 0 || signatures.length > 4)
    throw new SluiceError('EVENT_SIGNATURE', `expected ${SIGNATURE_HEADER}: t=SECONDS,v1=HEX, got another form`);
  return { seconds: Number(seconds[0]), signatures: signatures.map((hex) => Buffer.from(hex, 'hex')) };
}

/** Which secret made one of the signatures; every pair is compared, whatever the answer. */
function findSecret(
  secrets: readonly string[],
  signatures: readonly Buffer[],
  signed: readonly (string | Buffer)[],
): { secret: number; signature: string } {
  const wanted = secrets.map((secret) => {
    const hmac = createHmac('sha256', secret);
    for (const part of signed) hmac.update(part);
    return hmac.digest();
  });
  const fits = wanted.map((digest) => signatures.map((given) => timingSafeEqual(digest, given)).includes(true));
  const secret = fits.indexOf(true);
  const signature = wanted[secret]?.toString('hex');
  if (signature === undefined)
    throw new SluiceError('EVENT_SIGNATURE', 'expected a signature of the bytes that came, got another');
  return { secret, signature };
}

/** What is older than twice the tolerance is refused for its time, wherever its clock stood. A Map keeps the order of coming. */
function forgetOld(seen: Map<string, { readonly atMs: number }>, nowMs: number): void {
  for (const [signature, { atMs }] of seen) {
    if (seen.size < MAX_REMEMBERED && nowMs - atMs <= 2 * TOLERANCE_S * 1000) return;
    seen.delete(signature);
  }
}
