import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type Clock, systemClock } from '../../shared/clock.js';
import { keyOf, toS3Record } from './s3Records.js';
import type { Storage, StorageEvent } from './storage.js';

/** Where events are sent, and which. */
export interface NotificationTarget {
  readonly url: string;
  readonly bearerToken?: string;
  /** Only keys that begin so. */
  readonly prefix?: string;
  /** Only keys that end so. */
  readonly suffix?: string;
}

/** Sends the events of a storage to a target, in order of commit, at least once. */
export interface Notifier {
  /** Takes one committed event. Call it in order of commit. */
  take(event: StorageEvent): void;
  /** Resolves when everything taken so far has been acknowledged or refused, or when the notifier is closed. */
  settled(): Promise<void>;
  /** Records that the receiver refused for good (a 4xx other than 401, 403, 404, 408, 429), since the start. */
  readonly refused: number;
  close(): Promise<void>;
}

const MAX_RECORDS = 50;
const MAX_WAITING = 10_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 1_000;
const ANSWER_MS = 15_000;
/** Answers of a receiver that is not there yet or not set up yet: the same request may succeed later. */
const TRY_AGAIN: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429]);

type Delivery = 'acknowledged' | 'refused' | 'later';

/**
 * Starts sending. Up to 10,000 events wait in memory; beyond that, and after a crash, the objects that still stand are
 * told again from the storage itself, by the number of the last acknowledged event, which is kept in `cursorFile`. So no
 * object's creation is lost; only removals and versions that were overwritten meanwhile are.
 */
export function startNotifier(options: {
  readonly storage: Storage;
  readonly target: NotificationTarget;
  readonly cursorFile: string;
  readonly region: string;
  readonly clock?: Clock;
  /** Events that wait in memory at most. */
  readonly maxWaiting?: number;
}): Notifier {
  return new QueuedNotifier(options);
}

class QueuedNotifier implements Notifier {
  readonly #storage: Storage;
  readonly #target: NotificationTarget;
  readonly #cursorFile: string;
  readonly #region: string;
  readonly #clock: Clock;
  readonly #maxWaiting: number;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #waiting: StorageEvent[] = [];
  #hasOverflowed = false;
  #cursor: number;
  #wake: () => void = () => {};
  #idle: (() => void)[] = [];
  #batchRecords = MAX_RECORDS;
  #backoffMs = FIRST_BACKOFF_MS;
  refused = 0;

  constructor(options: Parameters<typeof startNotifier>[0]) {
    const { storage, target, cursorFile, region, clock = systemClock, maxWaiting = MAX_WAITING } = options;
    this.#storage = storage;
    this.#target = target;
    this.#cursorFile = cursorFile;
    this.#region = region;
    this.#clock = clock;
    this.#maxWaiting = maxWaiting;
    this.#cursor = readCursor(cursorFile) ?? this.#saveCursor(storage.seq);
    this.#hasOverflowed = this.#cursor < storage.seq;
    this.#loop = this.#run();
  }

  take(event: StorageEvent): void {
    if (this.#hasOverflowed || !this.#isWanted(event)) return;
    if (this.#waiting.length >= this.#maxWaiting) this.#hasOverflowed = true;
    else this.#waiting.push(event);
    this.#wake();
  }

  settled(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#loop;
    this.#tellIdle();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#waiting.length === 0 && this.#hasOverflowed) this.#refill();
      const batch = this.#waiting.slice(0, this.#batchRecords);
      if (batch.length === 0) {
        await this.#nextEvent();
        continue;
      }
      const delivery = await this.#send(batch);
      if (delivery === 'later') {
        await this.#clock.sleep(this.#backoffMs, this.#stop.signal).catch(() => {});
        this.#backoffMs = Math.min(this.#backoffMs * 2, MAX_BACKOFF_MS);
      } else if (delivery === 'refused' && batch.length > 1) {
        // A receiver refuses a request whole: halving finds the record that it means.
        this.#batchRecords = Math.ceil(batch.length / 2);
      } else this.#settle(batch, delivery);
    }
  }

  async #nextEvent(): Promise<void> {
    this.#tellIdle();
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #settle(batch: readonly StorageEvent[], delivery: Delivery): void {
    if (delivery === 'refused') this.refused += batch.length;
    else this.#batchRecords = Math.min(this.#batchRecords * 2, MAX_RECORDS);
    this.#backoffMs = FIRST_BACKOFF_MS;
    this.#waiting.splice(0, batch.length);
    this.#cursor = this.#saveCursor(batch.at(-1)?.seq ?? this.#cursor);
  }

  /** Takes the next events from the storage; when that was all of them, new ones are queued again. */
  #refill(): void {
    const isWanted = (event: StorageEvent) => this.#isWanted(event);
    this.#waiting = this.#storage.createdAfter(this.#cursor, { limit: this.#maxWaiting, isWanted });
    this.#hasOverflowed = this.#waiting.length >= this.#maxWaiting;
  }

  async #send(batch: readonly StorageEvent[]): Promise<Delivery> {
    const { url, bearerToken } = this.#target;
    const records = batch.map((event) => toS3Record(event, { region: this.#region }));
    try {
      const response = await fetch(url, {
        method: 'POST',
        body: JSON.stringify({ Records: records }),
        headers: {
          'content-type': 'application/json',
          ...(bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` }),
        },
        redirect: 'manual',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      await response.arrayBuffer();
      if (response.ok) return 'acknowledged';
      return response.status >= 400 && response.status < 500 && !TRY_AGAIN.has(response.status) ? 'refused' : 'later';
    } catch {
      return 'later';
    }
  }

  #isWanted(event: StorageEvent): boolean {
    const { prefix = '', suffix = '' } = this.#target;
    const key = keyOf(event);
    return key.startsWith(prefix) && key.endsWith(suffix);
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && !this.#hasOverflowed;
  }

  #tellIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #saveCursor(seq: number): number {
    const draft = `${this.#cursorFile}.draft`;
    try {
      writeFileSync(draft, JSON.stringify({ seq }));
      renameSync(draft, this.#cursorFile);
    } catch {
      // An older number only means that some events are told again after a restart.
    }
    return seq;
  }
}

function readCursor(file: string): number | undefined {
  try {
    return z.object({ seq: z.int() }).parse(JSON.parse(readFileSync(file, 'utf8'))).seq;
  } catch {
    return undefined;
  }
}
