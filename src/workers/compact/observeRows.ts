import type { BadRowRule } from '../../shared/config/dataset.js';
import { type PartedSources, partSources } from './asideRows.js';
import type { AsideRequest } from './findBadRows.js';
import { observeSources } from './observe.js';
import type { Refusal, Source } from './sources.js';

type ObserveRequest = Omit<AsideRequest, 'columns'> & { readonly onBadRow?: BadRowRule };

/** As observeSources; texts that cannot be read whole are tried again without their bad rows, where that is asked for. */
export async function observeRows(sources: readonly Source[], request: ObserveRequest): Promise<PartedSources> {
  const nuls = sources.filter(({ hasNuls }) => hasNuls === true);
  const first = await partSources(
    sources,
    nuls.map(({ object }): Refusal => ({ object, code: 'VALUE_INVALID', reason: 'expected text, got NULs' })),
    { ...request, columns: [] },
  );
  const observed = await observeSources(first.sources, request);
  const once = await partAgain(first.sources, observed.refusals, request);
  // A text that was rewritten may have bad rows besides.
  const rewritten = new Set(once.sources.filter(({ isMended }) => isMended === true).map(({ object }) => object));
  const open = once.refused.filter(({ object }) => rewritten.has(object));
  const twice = await partAgain(once.sources, open, request);
  const seen = new Map(
    [...observed.answers, ...once.answers, ...twice.answers].map((source) => [source.object, source]),
  );
  const ended = once.refused.filter(({ object }) => !rewritten.has(object));
  return {
    sources: sources.flatMap(({ object }) => seen.get(object) ?? []),
    refusals: [...first.refusals, ...once.refusals, ...ended, ...twice.refusals, ...twice.refused],
    aside: [...first.aside, ...once.aside, ...twice.aside],
  };
}

/** What became of refused sources without their bad rows. */
interface PartedAgain extends PartedSources {
  readonly answers: readonly Source[];
  /** Of what was left of them. */
  readonly refused: readonly Refusal[];
}

async function partAgain(
  sources: readonly Source[],
  refused: readonly Refusal[],
  request: ObserveRequest,
): Promise<PartedAgain> {
  const objects = new Set(refused.map(({ object }) => object));
  const broken = sources.filter(({ object }) => objects.has(object));
  const parted = await partSources(broken, refused, { ...request, columns: [] });
  const { answers, refusals } = await observeSources(parted.sources, request);
  return { ...parted, answers, refused: refusals };
}
