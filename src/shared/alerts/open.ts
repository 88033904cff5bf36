import type { AlertConfig } from '../config/alerts.js';
import { assertNever } from '../errors.js';
import type { AlertMessage, AlertSink } from './port.js';
import { postJson } from './post.js';
import { sendToSns } from './sns.js';

/** Opens the receivers of a configuration. Nothing is asked of them before the first alert. */
export function openAlertSinks(alerts: readonly AlertConfig[]): readonly AlertSink[] {
  return alerts.map((config) => ({
    name: config.name,
    kinds: config.on,
    remindMs: config.remindMs,
    send: (message, signal) => send(config, message, signal),
  }));
}

function send(config: AlertConfig, message: AlertMessage, signal: AbortSignal): Promise<void> {
  switch (config.type) {
    case 'webhook':
      return postJson(config.url, { body: { version: 1, ...message }, headers: config.headers, signal });
    case 'slack':
      return postJson(config.url, { body: slackBody(message), signal });
    case 'sns':
      return sendToSns(config, message, signal);
    default:
      return assertNever(config);
  }
}

/** Plain text with blocks: what Slack and those that copy its webhooks show. */
function slackBody({ title, details, mend, link }: AlertMessage): object {
  const text = [`*${escape(title)}*`, ...details.map(escape), `_${escape(mend)}_`, `<${link}|Open in Sluice>`].join(
    '\n',
  );
  return { text: title, blocks: [{ type: 'section', text: { type: 'mrkdwn', text: text.slice(0, 3000) } }] };
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
