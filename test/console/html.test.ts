import { describe, expect, it } from 'vitest';
import { html } from '../../src/console/html.js';
import { fc } from '../support/fc.js';

describe('html', () => {
  it('sets values in as text, in elements and in attributes', () => {
    const hostile = `<script>alert("1")</script>' onload='x' & more`;
    expect(html`<b title="${hostile}">${hostile}</b>`.text).toBe(
      '<b title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#39;x&#39; &amp; more">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#39;x&#39; &amp; more</b>',
    );
  });

  it('joins lists, leaves out what is not there, and takes its own markup as it is', () => {
    const items = ['a', '<', 3].map((value) => html`<i>${value}</i>`);
    expect(html`${items}${undefined}${false}${''}`.text).toBe('<i>a</i><i>&lt;</i><i>3</i>');
  });

  it('lets no text out of its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(html`${text}`.text).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)|\0/);
      }),
    );
  });
});
