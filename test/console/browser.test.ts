import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { BROWSER, openChromium } from '../support/browser.js';
import { freshFolder } from '../support/folders.js';
import { startLocked } from './auth/support.js';
import { loadWithQuarantine, startTestConsole } from './support.js';

const SIZES = [
  { name: 'wide', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'dark', width: 1280, height: 900, colorScheme: 'dark' },
  { name: 'narrow', width: 390, height: 800, colorScheme: 'light' },
] as const;

/** A page's faults as its browser tells them. */
function listen(page: Page): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  return faults;
}

/** Where pictures are kept: SLUICE_SCREENSHOTS, else a folder that goes with the test. */
async function pictures(): Promise<string> {
  const folder = process.env['SLUICE_SCREENSHOTS'] ?? (await freshFolder());
  await mkdir(folder, { recursive: true });
  return folder;
}

if (BROWSER === undefined) {
  test('no browser on this machine: the pages are read over HTTP, and none of them loads anything from elsewhere', async () => {
    const { get, ledger } = await startTestConsole();
    const { batch, objects } = await loadWithQuarantine(ledger, 'a bad file');
    for (const path of ['/', '/objects', `/objects/${objects[1]}`, `/batches/${batch}`, '/actions']) {
      const { status, body } = await get(path);
      expect([path, status]).toEqual([path, 200]);
      expect(body).not.toMatch(/(?:src|href)="https?:/);
    }
  });
} else {
  const chromium = BROWSER;
  test.each(SIZES)('every page is drawn without a fault and fits the screen: $name', async ({ name, ...size }) => {
    const { url, ledger } = await startTestConsole();
    const { batch, objects } = await loadWithQuarantine(ledger, 'expected BIGINT, got text in column amount');
    const folder = await pictures();
    const browser = await openChromium(chromium);
    const { width, height, colorScheme } = size;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    const page = await context.newPage();
    const faults = listen(page);
    const paths = {
      start: '/',
      files: '/objects',
      file: `/objects/${objects[1]}`,
      batch: `/batches/${batch}`,
      actions: '/actions',
    };
    for (const [title, path] of Object.entries(paths)) {
      await page.goto(url + path, { waitUntil: 'load' });
      expect(await page.locator('main').innerText()).not.toBe('');
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect([path, overflow]).toEqual([path, 0]);
      const picture = await page.screenshot({ fullPage: true });
      expect(picture.length).toBeGreaterThan(5000);
      await writeFile(join(folder, `${name}-${title}.png`), picture);
    }
    expect(await page.goto(`${url}/`).then(() => page.locator('main').innerText())).toContain('TYPE_CHANGED');
    expect(faults).toEqual([]);
  });

  test('Bull Board is drawn with every queue, and none of its buttons changes a queue', async () => {
    const { url } = await startTestConsole();
    const folder = await pictures();
    const page = await (await openChromium(chromium)).newPage({ viewport: { width: 1280, height: 900 } });
    const faults = listen(page);
    await page.goto(`${url}/queues`, { waitUntil: 'networkidle' });
    for (const queue of ['plan', 'compact', 'profile', 'skew', 'check', 'load', 'maintain'])
      await expect.poll(() => page.getByText(queue, { exact: true }).count()).toBeGreaterThan(0);
    await writeFile(join(folder, 'queues.png'), await page.screenshot());
    expect(faults.filter((fault) => !fault.includes('fonts.g'))).toEqual([]);
  });

  test('somebody signs in by the form, pauses a queue by its button, and signs out', async () => {
    const { url, queue } = await startLocked({ type: 'password', password: 'the one password' });
    const folder = await pictures();
    const page = await (await openChromium(chromium)).newPage();
    const faults = listen(page);
    await page.goto(`${url}/actions`);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await writeFile(join(folder, 'sign-in.png'), await page.screenshot());
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill('the one password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${url}/actions`);
    await page.locator('li', { hasText: 'compact' }).getByRole('button', { name: 'Pause' }).click();
    await expect.poll(async () => (await queue.attendance('compact')).paused).toBe(true);
    await expect.poll(() => page.getByRole('cell', { name: 'pause compact' }).count()).toBe(1);
    await writeFile(join(folder, 'signed-in-actions.png'), await page.screenshot());
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/\/sign-in/);
    expect(faults).toEqual([]);
  });
}
