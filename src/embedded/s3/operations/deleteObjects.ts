import { requireConditions } from '../bucket.js';
import { type Answer, type Exchange, xmlAnswer } from '../exchange.js';
import { faults } from '../fault.js';
import { element, readElements, readText } from '../xml.js';

const MAX_KEYS = 1000;

/** DELETE of one key; an absent key is no fault. */
export async function deleteObject(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.storage.bucket(exchange.bucket);
  const object = bucket.objects.get(exchange.key);
  if (object !== undefined) requireConditions(object, { ifMatch: exchange.header('if-match') });
  exchange.storage.delete(bucket, exchange.key, exchange.nowMs());
  await bucket.settle();
  return { status: 204 };
}

/** POST ?delete: up to 1,000 keys at once. */
export async function deleteObjects(exchange: Exchange): Promise<Answer> {
  const xml = await exchange.body.text();
  const keys = readElements(xml, 'Object').map((object) => readText(object, 'Key'));
  if (keys.length === 0 || keys.length > MAX_KEYS || keys.includes(undefined)) throw faults.malformedXml();
  const isQuiet = readText(xml, 'Quiet') === 'true';
  const bucket = exchange.storage.bucket(exchange.bucket);
  let deleted = '';
  for (const key of keys) {
    if (key === undefined) continue;
    exchange.storage.delete(bucket, key, exchange.nowMs());
    if (!isQuiet) deleted += `<Deleted>${element('Key', key)}</Deleted>`;
  }
  await bucket.settle();
  return xmlAnswer('DeleteResult', deleted);
}
