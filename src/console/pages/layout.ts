import { currentViewer } from '../auth/viewer.js';
import { html, type Html } from '../html.js';

const LOGO = html`<svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
  <rect class="logo-gate" x="2" y="3" width="4" height="26" rx="2" />
  <rect class="logo-gate" x="26" y="3" width="4" height="26" rx="2" />
  <path class="logo-wave" d="M6 12c4-4 6-4 10 0s6 4 10 0" />
  <path class="logo-wave" d="M6 18c4-4 6-4 10 0s6 4 10 0" />
  <path class="logo-wave faint" d="M6 24c4-4 6-4 10 0s6 4 10 0" />
</svg>`;

/** The icon of the browser's tab. */
export const FAVICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none" stroke="#0d8a80" stroke-width="3.4" stroke-linecap="round"><path d="M4 5v22M28 5v22"/><path d="M6 12c4-4 6-4 10 0s6 4 10 0M6 20c4-4 6-4 10 0s6 4 10 0"/></g></svg>`;

const NAVIGATION = html`<nav aria-label="Main">
  <a href="/">Lanes</a>
  <a href="/objects">Files</a>
  <a href="/anomalies">Anomalies</a>
  <a href="/queues">Queues</a>
  <a href="/actions">Actions</a>
  <a href="/metrics">Metrics</a>
</nav>`;

function renderViewer(): Html | undefined {
  const viewer = currentViewer();
  if (viewer?.csrf === undefined) return undefined;
  return html`<form class="viewer" method="post" action="/sign-out">
    <input type="hidden" name="csrf" value="${viewer.csrf}" />
    <span>${viewer.name} <small>${viewer.role}</small></span>
    <button type="submit">Sign out</button>
  </form>`;
}

export interface PageParts {
  readonly title: string;
  readonly main: Html;
  /** The page keeps itself up to date. */
  readonly isLive?: boolean;
  /** A page for those who have not signed in: without the ways inside. */
  readonly isDoor?: boolean;
}

/** A whole page: landmarks, one style sheet and one script of our own, nothing from elsewhere. */
export function renderPage({ title, main, isLive = false, isDoor = false }: PageParts): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/console.css" />
        <script defer src="/assets/console.js"></script>
      </head>
      <body${isLive && html` data-live="/live"`}>
        <a class="skip" href="#main">To the content</a>
        <header class="top">
          <a class="brand" href="/">${LOGO}<span>Sluice</span></a>
          ${isLive && html`<p class="live" id="live" data-state="still"><span class="beacon" aria-hidden="true"></span><span class="live-text">live</span></p>`}
          ${!isDoor && NAVIGATION} ${renderViewer()}
        </header>
        <main id="main">${main}</main>
        <p class="visually-hidden" id="announce" role="status" aria-live="polite"></p>
      </body>
    </html>`;
  return page.text;
}

/** A page that says why there is nothing to show, and what to do. */
export function renderFault({ title, message, mend }: { title: string; message: string; mend: string }): string {
  const main = html`<section class="card fault">
    <h1>${title}</h1>
    <p>${message}</p>
    <p class="muted">${mend}</p>
  </section>`;
  return renderPage({ title: `${title} · Sluice`, main });
}
