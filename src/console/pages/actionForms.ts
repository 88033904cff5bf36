import { currentViewer } from '../auth/viewer.js';
import { html, type Html } from '../html.js';

/** Buttons that have something done, for operators who have signed in; nothing for all others. `to`: where the page leads after it. */
export function actionForm({
  label,
  fields,
  to,
  asksWhy = true,
}: {
  readonly label: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly to: string;
  readonly asksWhy?: boolean;
}): Html | undefined {
  const viewer = currentViewer();
  if (viewer?.csrf === undefined || viewer.role !== 'operator') return undefined;
  return html`<form class="act" method="post" action="/actions">
    <input type="hidden" name="csrf" value="${viewer.csrf}" />
    <input type="hidden" name="to" value="${to}" />
    ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${asksWhy && html`<input name="why" placeholder="why" aria-label="Why: ${label}" maxlength="1000" />`}
    <button type="submit">${label}</button>
  </form>`;
}

/** Replay, release and discard of something that was set aside; nothing for those who may not. */
export function decisionForms(id: string, to: string): Html | undefined {
  const forms = (['replay', 'release', 'discard'] as const).flatMap(
    (action) => actionForm({ label: LABELS[action], fields: { action, id }, to }) ?? [],
  );
  return forms.length === 0 ? undefined : html`<div class="acts">${forms}</div>`;
}

const LABELS = { replay: 'Replay', release: 'Release', discard: 'Discard' } as const;
