import { SluiceError } from '../errors.js';

/** How long a receiver may take. */
export const SEND_MS = 10_000;

/** Posts JSON; anything but 2xx within ten seconds throws ALERT_NOT_DELIVERED, whose message holds no address: it may be a secret. */
export async function postJson(
  url: string,
  {
    body,
    headers = {},
    signal,
  }: { readonly body: object; readonly headers?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<void> {
  let status: number;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(SEND_MS)]),
    });
    await response.body?.cancel();
    status = response.status;
  } catch (error) {
    throw notDelivered(reasonOf(error), error);
  }
  if (status < 200 || status > 299) throw notDelivered(`status ${status}`);
}

/** The error of a receiver that did not take an alert. */
export function notDelivered(got: string, cause?: unknown): SluiceError {
  return new SluiceError('ALERT_NOT_DELIVERED', `expected the receiver to take the alert, got ${got}`, { cause });
}

/** The system's code where there is one: messages of fetch repeat the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  const { cause } = error;
  const code = cause !== null && typeof cause === 'object' ? Reflect.get(cause, 'code') : undefined;
  return typeof code === 'string' ? code : error.name;
}
