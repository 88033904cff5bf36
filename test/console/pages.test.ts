import { describe, expect, it } from 'vitest';
import { loadWithQuarantine, recordKey, startTestConsole } from './support.js';

const HOSTILE = `raw/orders/<script>alert(1)</script>"'&\u202egpj.csv`;

describe('the start page', () => {
  it('tells of an empty ledger', async () => {
    const { get } = await startTestConsole();
    const { status, body } = await get('/');
    expect(status).toBe(200);
    expect(body).toContain('no files yet');
    expect(body).toContain('<main id="main">');
  });

  it('shows each dataset with what was loaded, and what was quarantined with its reason', async () => {
    const { get, ledger } = await startTestConsole();
    await loadWithQuarantine(ledger, 'expected BIGINT, got <i>text</i>');
    const { body } = await get('/');
    expect(body).toContain('id="lane-orders"');
    expect(body).toContain('aria-label="2 loaded, 0 on their way, 1 quarantined"');
    expect(body).toContain('TYPE_CHANGED');
    expect(body).toContain('expected BIGINT, got &lt;i&gt;text&lt;/i&gt;');
    expect(body).toContain('expected at least 9, got 3');
    expect(body).toContain('&lt;b&gt;ACME');
    expect(body).not.toMatch(/<i>|<b>ACME/);
  });

  it('escapes every key wherever it stands, and links to nowhere else', async () => {
    const { get, ledger } = await startTestConsole();
    const object = await recordKey(ledger, HOSTILE);
    for (const path of ['/', '/objects', '/objects?dataset=orders&state=arrived', `/objects/${object}`]) {
      const { status, body } = await get(path);
      expect(status).toBe(200);
      expect(body).not.toMatch(/<script>|alert\(1\)"/);
      expect(body).toContain('script&gt;&quot;&#39;&amp;');
      expect(
        [...body.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, to]) => to).filter((to) => !/^[/#]/.test(to ?? '')),
      ).toEqual([]);
    }
  });

  it('is served under a policy that runs no inline script', async () => {
    const { get } = await startTestConsole();
    const { headers, body } = await get('/');
    expect(headers.get('content-security-policy')).toMatch(/script-src 'self';.*style-src 'self'(;|$)/);
    expect(headers.get('x-powered-by')).toBeNull();
    expect(body).not.toMatch(/ style="| on\w+="|<script(?! defer src="\/assets\/console.js">)/);
    for (const [path, type] of [
      ['/assets/console.js', 'text/javascript'],
      ['/assets/console.css', 'text/css'],
      ['/assets/icon.svg', 'image/svg+xml'],
    ] as const)
      expect((await get(path)).headers.get('content-type')).toContain(type);
  });
});

describe('the page of one file', () => {
  it('counts its rows in the target, and tells its way and its batch', async () => {
    const asked: string[] = [];
    const { get, ledger } = await startTestConsole({
      presentRows: async (target, table, object) => {
        asked.push(`${target}.${table} ${object}`);
        return 1234;
      },
    });
    const { objects, batch } = await loadWithQuarantine(ledger, 'r');
    const { body } = await get(`/objects/${objects[0]}`);
    expect(asked).toEqual([`warehouse.orders ${objects[0]}`]);
    expect(body).toContain('<b>1,234</b>');
    expect(body).toContain(`href="/batches/${batch}"`);
    expect(body).toMatch(/<b>compact<\/b>[\s\S]*<b>load<\/b>/);
    expect(body).toContain('a/');
  });

  it('says so when a target does not answer', async () => {
    const { get, ledger } = await startTestConsole({ presentRows: () => Promise.reject(new Error('away')) });
    const { objects } = await loadWithQuarantine(ledger, 'r');
    expect((await get(`/objects/${objects[0]}`)).body).toContain('the target did not answer');
  });

  it('tells why a file is in quarantine and what to do', async () => {
    const { get, ledger } = await startTestConsole();
    const { objects } = await loadWithQuarantine(ledger, 'expected BIGINT, got text in line 7');
    const { body } = await get(`/objects/${objects[1]}`);
    expect(body).toContain('expected BIGINT, got text in line 7');
    expect(body).toContain('<code>sluice schema accept</code>');
    expect(body).toContain('the file is in quarantine');
  });

  it.each(['/objects/not-an-id', '/objects/00000000-0000-0000-0000-000000000000', '/batches/x', '/nothing'])(
    'answers 404 to %s',
    async (path) => {
      const { get } = await startTestConsole();
      const { status, body } = await get(path);
      expect([status, body.includes('Not found')]).toEqual([404, true]);
    },
  );
});

describe('the page of a batch', () => {
  it('lists its files with what became of each, and its findings', async () => {
    const { get, ledger } = await startTestConsole();
    const { batch, objects } = await loadWithQuarantine(ledger, 'because <of> this');
    const { body } = await get(`/batches/${batch}`);
    for (const object of objects) expect(body).toContain(`/objects/${object}`);
    expect(body).toContain('because &lt;of&gt; this');
    expect(body).toContain('rowCount');
  });

  it('tells what drifted, in the batch and since all before it', async () => {
    const { get, ledger } = await startTestConsole();
    const { batch } = await loadWithQuarantine(ledger, 'because');
    const data = { batches: 2, rows: 9, drifts: [{ column: 'a<b', kind: 'added', is: 'BIGINT' }] };
    const noted = { kind: 'profile', name: 'dataset drift', verdict: 'warn', data } as const;
    await ledger.anomalies.noteDatasetFindings(batch, [noted]);
    const { body } = await get(`/batches/${batch}`);
    expect(body).toContain('dataset drift');
    expect(body).toContain('1 drift: a&lt;b (added)');
  });
});

describe('a console whose ledger is away', () => {
  it('says so on its pages, answers 503, stays alive, and comes back', async () => {
    const { get, way } = await startTestConsole();
    await way.cut();
    const page = await get('/');
    expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5']);
    expect(page.body).toContain('A service does not answer');
    expect((await get('/readyz')).status).toBe(503);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/metrics')).body).toContain('sluice_ledger_up 0');
    await way.mend();
    expect((await get('/')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
  });
});
