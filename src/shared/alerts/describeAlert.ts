import type { AlertDelivery, AlertFacts, AlertKind, NewAlert } from '../ledger/watchRecords.js';
import type { AlertMessage } from './port.js';

/** An alert in words, with what to do and a link to the console. Pure. */
export function describeAlert(
  { alert, news }: Pick<AlertDelivery, 'alert' | 'news'>,
  consoleUrl: string,
): AlertMessage {
  const { key, kind, dataset, facts, firstAt, lastAt } = alert;
  const { title, mend } = WORDS[kind](alert);
  const details = Object.entries(facts)
    .filter(([name]) => name !== 'mend')
    .map(([name, value]) => `${name}: ${showFact(value)}`);
  const base = consoleUrl.replace(/\/+$/, '');
  const batch = facts['batch'];
  return {
    key,
    kind,
    dataset,
    title,
    details: news > 1 ? [...details, `${news} times since ${firstAt.toISOString()}`] : details,
    mend,
    link:
      kind === 'anomaly' ? `${base}/anomalies` : typeof batch === 'string' ? `${base}/batches/${batch}` : `${base}/`,
    news,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
  };
}

interface Words {
  readonly title: string;
  readonly mend: string;
}

const WORDS: Readonly<Record<AlertKind, (alert: NewAlert) => Words>> = {
  check: ({ dataset, name }) => ({
    title: `${dataset}: check ${name} failed`,
    mend: 'Look at the failing rows on the batch’s page, mend the data or the check, then replay or release.',
  }),
  hold: ({ dataset, facts }) => ({
    title: `${dataset}: a batch is held back`,
    mend: `sluice quarantine show ${fact(facts, 'batch')}; then replay it after the fix, release it as it is, or discard it.`,
  }),
  anomaly: ({ dataset, name, facts }) => ({
    title: `${dataset}: ${name} is unusual (${fact(facts, 'value')}, usual ${fact(facts, 'usual')})`,
    mend: 'sluice anomaly list; look for the cause, or accept it there, or with sluice anomaly ack ID.',
  }),
  quarantine: ({ dataset, name, facts }) => ({
    title: `${dataset}: ${fact(facts, 'count')} quarantined with ${name}`,
    mend: `sluice quarantine list ${dataset}; mend the named place, then sluice quarantine replay ID.`,
  }),
  audit: ({ dataset, name, facts }) =>
    name.startsWith('rows of ')
      ? {
          title: `${dataset}: ${name} are ${facts['verdict'] === 'different' ? 'not those of the files' : 'UNVERIFIED'}`,
          mend: `sluice audit ${dataset} --deep names up to 50 of them; a target that was changed by hand is the usual cause.`,
        }
      : {
          title: `${dataset}: ${fact(facts, 'objects')} objects do not balance`,
          mend: `sluice audit ${dataset} names each object; a target that was changed by hand is the usual cause.`,
        },
  budget: ({ dataset, name, facts }) => ({
    title: `${dataset}: ${name}`,
    mend: typeof facts['mend'] === 'string' ? facts['mend'] : 'Look at what the target’s queries cost.',
  }),
};

function fact(facts: AlertFacts, name: string): string {
  const value = facts[name];
  return value === undefined ? 'unknown' : showFact(value);
}

function showFact(value: string | number | boolean): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value);
}
