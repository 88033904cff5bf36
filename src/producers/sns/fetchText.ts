import { SluiceError } from '../../shared/errors.js';

/** As the global fetch. */
export type Fetch = (
  url: string,
  init: { readonly redirect: 'error'; readonly signal: AbortSignal },
) => Promise<Response>;

const TIMEOUT_MS = 5_000;

/**
 * Gets a small text by HTTPS: no redirects, five seconds in all, no more than `maxBytes` of memory. Throws SNS_AWAY for anything but a
 * 2xx answer in time.
 */
export async function fetchText(fetch: Fetch, url: string, maxBytes: number): Promise<string> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await readBounded(response, maxBytes);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new SluiceError('SNS_AWAY', `expected an answer of ${new URL(url).host}, got ${got}`, { cause: error });
  }
}

async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || value === undefined) return Buffer.concat(chunks).toString('utf8');
    bytes += value.length;
    if (bytes > maxBytes) {
      await reader?.cancel();
      throw new Error(`more than ${maxBytes} bytes`);
    }
    chunks.push(value);
  }
}
