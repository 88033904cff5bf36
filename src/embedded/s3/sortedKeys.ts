import { compareKeys } from '../../shared/stores/keys.js';

/**
 * A map whose keys can be walked in UTF-8 byte order. Writes are constant time; new keys are merged into the order when
 * it is next asked for, so a burst of writes costs one merge.
 */
export class SortedKeys<T> {
  readonly #values = new Map<string, T>();
  readonly #added = new Set<string>();
  #order: string[] = [];
  #hasRemovals = false;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: T): void {
    if (!this.#values.has(key)) this.#added.add(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    this.#hasRemovals = true;
    this.#added.delete(key);
  }

  values(): IterableIterator<T> {
    return this.#values.values();
  }

  /** All keys in order. The array is shared: read it before the next write. */
  ordered(): readonly string[] {
    if (this.#added.size > 0 || this.#hasRemovals) {
      const standing = this.#hasRemovals
        ? this.#order.filter((key) => this.#values.has(key) && !this.#added.has(key))
        : this.#order;
      this.#order = merge(standing, [...this.#added].sort(compareKeys));
      this.#added.clear();
      this.#hasRemovals = false;
    }
    return this.#order;
  }

  /** Position of the first key that `isBefore` does not hold for; it must hold for a head of the order only. */
  firstNot(isBefore: (key: string) => boolean): number {
    const keys = this.ordered();
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(keys[middle] ?? '')) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function merge(left: readonly string[], right: readonly string[]): string[] {
  if (right.length === 0) return [...left];
  const merged: string[] = [];
  let at = 0;
  for (const key of right) {
    for (let next = left[at]; next !== undefined && compareKeys(next, key) < 0; next = left[at]) {
      merged.push(next);
      at++;
    }
    merged.push(key);
  }
  for (; at < left.length; at++) merged.push(left[at] ?? '');
  return merged;
}
