import { type KeyObject, X509Certificate } from 'node:crypto';
import type { Clock } from '../../shared/clock.js';
import { SluiceError } from '../../shared/errors.js';
import { fetchText, type Fetch } from './fetchText.js';

/** The public keys that SNS signs with, by the address of their certificate. */
export type CertificateSource = (url: string) => Promise<KeyObject>;

/** SNS uses one certificate a region at a time; more than this many are kept from nobody. */
const MAX_KEPT = 32;
const MAX_BYTES = 16 * 1024;

/** Fetches at once; a flood of messages that name certificates nobody has is told to come again. */
const MAX_FETCHES = 4;

interface Kept {
  readonly key: KeyObject;
  readonly notAfterMs: number;
}

/**
 * Opens the source: each certificate is fetched once and kept until it expires, the least recently used giving way. The caller has pinned
 * the address: host, region and path. Errors: SNS_CERTIFICATE (none, or not valid now), SNS_AWAY.
 */
export function openCertificates({ fetch, clock }: { fetch: Fetch; clock: Pick<Clock, 'now'> }): CertificateSource {
  const kept = new Map<string, Kept>();
  const fetching = new Map<string, Promise<Kept>>();
  const load = async (url: string): Promise<Kept> => {
    if (fetching.size >= MAX_FETCHES) throw new SluiceError('SNS_AWAY', 'too many certificates are being fetched');
    const loading = fetchText(fetch, url, MAX_BYTES).then(readCertificate);
    fetching.set(url, loading);
    try {
      return await loading;
    } finally {
      fetching.delete(url);
    }
  };
  return async (url) => {
    const found = kept.get(url) ?? (await (fetching.get(url) ?? load(url)));
    kept.delete(url);
    if (clock.now() > found.notAfterMs)
      throw new SluiceError('SNS_CERTIFICATE', 'expected a certificate that is valid now, got an expired one');
    kept.set(url, found);
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
    }
    return found.key;
  };
}

function readCertificate(pem: string): Kept {
  try {
    const certificate = new X509Certificate(pem);
    return { key: certificate.publicKey, notAfterMs: Date.parse(certificate.validTo) };
  } catch (error) {
    throw new SluiceError('SNS_CERTIFICATE', 'expected a certificate, got something else', { cause: error });
  }
}
