import { readTags } from '../attributes.js';
import { type Answer, type Exchange, xmlAnswer } from '../exchange.js';
import { element } from '../xml.js';

/** GET ?tagging. */
export function getTagging(exchange: Exchange): Answer {
  const { tags } = exchange.storage.bucket(exchange.bucket).requireObject(exchange.key);
  const rows = tags.map(([name, value]) => `<Tag>${element('Key', name)}${element('Value', value)}</Tag>`);
  return xmlAnswer('Tagging', `<TagSet>${rows.join('')}</TagSet>`);
}

/** PUT ?tagging: replaces the object's tags; its bytes, eTag and date stay. */
export async function putTagging(exchange: Exchange): Promise<Answer> {
  const tags = readTags(await exchange.body.text());
  const bucket = exchange.storage.bucket(exchange.bucket);
  bucket.requireObject(exchange.key);
  bucket.commit({ op: 'tags', key: exchange.key, tags });
  await bucket.settle();
  return { status: 200 };
}

/** DELETE ?tagging. */
export async function deleteTagging(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.storage.bucket(exchange.bucket);
  bucket.requireObject(exchange.key);
  bucket.commit({ op: 'tags', key: exchange.key, tags: [] });
  await bucket.settle();
  return { status: 204 };
}
