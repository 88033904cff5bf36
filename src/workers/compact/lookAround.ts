import pLimit from 'p-limit';
import type { Dataset } from '../../shared/config/config.js';
import type { ObjectId } from '../../shared/ids.js';
import type { BatchObject } from '../../shared/ledger/port.js';
import { objectUri } from '../../shared/ledger/text.js';
import type { ObjectStore } from '../../shared/stores/port.js';
import type { WorkerContext } from '../context.js';
import type { StepWork } from '../runSteps.js';
import type { FetchedObject } from './fetchObjects.js';
import { type CurrentState, type CustodyVerdict, judgeCustody } from './judgeCustody.js';

const HEADS_AT_ONCE = 12;

/**
 * Reads what stands around the fetched objects, then asks the store which of them are current where their keys have other versions, and
 * judges. The order matters: the commit holds only if the versions are still those read here, so whatever was settled by then was read
 * from the store before this HEAD. Errors: LEDGER_AWAY, those of the store.
 */
export async function lookAround(
  context: WorkerContext,
  { claim, objects, signal }: StepWork,
  { dataset, fetched }: { dataset: Dataset; fetched: readonly FetchedObject[] },
): Promise<readonly CustodyVerdict[]> {
  const hashes = new Map(fetched.map(({ object, sha256 }) => [object, sha256]));
  const around = await context.ledger.custody.surroundings(claim.batch, hashes);
  const members = new Map(objects.map((object) => [object.object, object]));
  const contested = around
    .filter(({ object, versions }) => versions.length > 0 && hashes.has(object))
    .flatMap(({ object }) => members.get(object) ?? []);
  const current = await askCurrent(context.sourceStore(dataset.name), contested, signal);
  const inputs = fetched.flatMap(({ object, name, sha256 }) => {
    const member = members.get(object);
    if (member === undefined) return [];
    return [{ object, name, sha256, uri: objectUri(member.bucket, member.key), waived: member.waived }];
  });
  const surroundings = new Map(around.map((one) => [one.object, one]));
  return judgeCustody({ inputs, surroundings, current, rules: dataset });
}

async function askCurrent(
  store: ObjectStore,
  objects: readonly BatchObject[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ObjectId, CurrentState>> {
  const limit = pLimit(HEADS_AT_ONCE);
  const answers = await Promise.all(
    objects.map(({ object, key, eTag, size }) =>
      limit(async (): Promise<[ObjectId, CurrentState]> => {
        const found = await store.head(key, signal);
        if (found === undefined) return [object, 'gone'];
        return [object, found.eTag === eTag && found.size === size ? 'same' : 'other'];
      }),
    ),
  );
  return new Map(answers);
}
