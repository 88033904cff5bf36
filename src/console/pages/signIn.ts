import { html } from '../html.js';
import { renderPage } from './layout.js';

/** The door: name and password, and what went wrong before. */
export function renderSignIn({ to, fault }: { to: string; fault?: string }): string {
  const main = html`<section class="card door">
    <h1>Sign in</h1>
    ${fault !== undefined && html`<p class="bad" role="alert">${fault}</p>`}
    <form method="post" action="/sign-in" class="stack">
      <input type="hidden" name="to" value="${to}" />
      <label>Name <input name="name" autocomplete="username" required autofocus /></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
      <button type="submit">Sign in</button>
    </form>
  </section>`;
  return renderPage({ title: 'Sign in · Sluice', main, isDoor: true });
}
