import { onTestFinished } from 'vitest';
import { checkedConfig, startTestConsole } from '../support.js';

/** A console with a lock, and a browser's way to it: cookies are kept, redirects are told. */
export async function startLocked(auth: unknown, console_: Record<string, unknown> = {}) {
  const config = checkedConfig({ console: { port: 0, ...console_, auth } });
  const running = await startTestConsole({ config });
  return { ...running, browser: () => openBrowser(running.url) };
}

export type Browser = ReturnType<typeof openBrowser>;

/** One person's browser. */
export function openBrowser(base: string) {
  const jar = new Map<string, string>();
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('accept', headers.get('accept') ?? 'text/html');
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(new URL(path, base), { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return {
      status: response.status,
      location: response.headers.get('location'),
      cookies: response.headers.getSetCookie(),
      body: await response.text(),
    };
  };
  const send = (path: string, fields: Record<string, string>) =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
  const csrf = async (path = '/actions') => /name="csrf" value="([^"]+)"/.exec((await ask(path)).body)?.[1] ?? '';
  const signIn = (name: string, password: string, to = '/') => send('/sign-in', { name, password, to });
  return { jar, ask, send, csrf, signIn };
}

/** Calls `close` when the test ends. */
export function closeLater(close: () => Promise<void>): void {
  onTestFinished(close);
}
