import type { LiveEvent } from './poller.js';
import type { Snapshot } from './snapshot.js';
import type { Encoder } from './stream.js';
import { type PageFragments, renderFragments, summarize } from '../pages/start.js';

/** Rendered once a snapshot, however many watch. */
const rendered = new WeakMap<Snapshot, PageFragments>();

/** What the start page is sent: the markup of the parts that differ from those it was sent before. One encoder a viewer. */
export function openPartsEncoder(): Encoder {
  const sent = new Map<string, string>();
  return (event: LiveEvent) => {
    if (event.kind === 'away') return { name: 'away', data: {} };
    const parts: (readonly [string, string])[] = [];
    for (const [id, { text }] of fragmentsOf(event.snapshot)) {
      if (sent.get(id) !== text) parts.push([id, text]);
      sent.set(id, text);
    }
    return parts.length === 0 ? undefined : { name: 'parts', data: { parts, summary: summarize(event.snapshot) } };
  };
}

/** What programs are sent: whole snapshots. */
export function openSnapshotEncoder(): Encoder {
  return (event) => (event.kind === 'away' ? { name: 'away', data: {} } : { name: 'snapshot', data: event.snapshot });
}

function fragmentsOf(snapshot: Snapshot): PageFragments {
  const known = rendered.get(snapshot) ?? renderFragments(snapshot);
  rendered.set(snapshot, known);
  return known;
}
