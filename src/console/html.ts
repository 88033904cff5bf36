/** Text that is safe to send as HTML. Only `html` makes it, so what stands in it is markup of ours or escaped. */
export class Html {
  constructor(readonly text: string) {}
}

/** What `html` can set into markup; lists are joined, `undefined` and `false` are nothing, all else is escaped text. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

/** Markup with values: html`<b>${name}</b>`. Every value is escaped for text and for quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.map((literal, index) => literal + render(values[index])).join(''));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text escaped for HTML, in text and in quoted attributes. Control characters, which browsers drop or misread, become �. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll(/[^\P{Cc}\t\n]/gu, '\uFFFD')
    .replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

function render(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return value.map(render).join('');
}
