/** A 64-bit number in two halves, each from 0 to 2^32 - 1: BigInt would be thirty times slower. */
interface Wide {
  hi: number;
  lo: number;
}

const P1: Wide = { hi: 0x9e3779b1, lo: 0x85ebca87 };
const P2: Wide = { hi: 0xc2b2ae3d, lo: 0x27d4eb4f };
const P3: Wide = { hi: 0x165667b1, lo: 0x9e3779f9 };
const P4: Wide = { hi: 0x85ebca77, lo: 0xc2b2ae63 };
const P5: Wide = { hi: 0x27d4eb2f, lo: 0x165667c5 };
const STRIPE = 32;

/** XXH64 with seed 0 (xxhash specification 0.1.1), over bytes that come in pieces. */
export class XxHash64 {
  readonly #lanes: readonly Wide[] = [sum(P1, P2), { ...P2 }, { hi: 0, lo: 0 }, minus(P1)];
  readonly #rest = Buffer.alloc(STRIPE);
  #held = 0;
  #bytes = 0;

  update(data: Uint8Array): void {
    this.#bytes += data.length;
    let at = 0;
    if (this.#held > 0) {
      at = Math.min(STRIPE - this.#held, data.length);
      this.#rest.set(data.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < STRIPE) return;
      this.#stripe(this.#rest, 0);
    }
    for (; at + STRIPE <= data.length; at += STRIPE) this.#stripe(data, at);
    this.#rest.set(data.subarray(at), 0);
    this.#held = data.length - at;
  }

  /** The low 32 bits: what a frame of zstd ends with. */
  low32(): number {
    const hash = this.#bytes < STRIPE ? { ...P5 } : this.#merge();
    addTo(hash, { hi: Math.floor(this.#bytes / 2 ** 32), lo: this.#bytes >>> 0 });
    let at = 0;
    for (; at + 8 <= this.#held; at += 8) {
      const lane = { hi: 0, lo: 0 };
      round(lane, { hi: this.#rest.readUInt32LE(at + 4), lo: this.#rest.readUInt32LE(at) });
      mix(hash, lane, { turn: 27, factor: P1, add: P4 });
    }
    if (at + 4 <= this.#held) {
      const word = multiplied({ hi: 0, lo: this.#rest.readUInt32LE(at) }, P1);
      mix(hash, word, { turn: 23, factor: P2, add: P3 });
      at += 4;
    }
    for (; at < this.#held; at++) {
      mix(hash, multiplied({ hi: 0, lo: this.#rest[at] ?? 0 }, P5), { turn: 11, factor: P1, add: { hi: 0, lo: 0 } });
    }
    return avalanche(hash);
  }

  #stripe(data: Uint8Array, from: number): void {
    let at = from;
    for (const lane of this.#lanes) {
      round(lane, { hi: word(data, at + 4), lo: word(data, at) });
      at += 8;
    }
  }

  #merge(): Wide {
    const hash = { hi: 0, lo: 0 };
    for (const [index, turn] of [1, 7, 12, 18].entries()) {
      const lane = { ...(this.#lanes[index] ?? P5) };
      rotate(lane, turn);
      addTo(hash, lane);
    }
    for (const lane of this.#lanes) {
      const fresh = { hi: 0, lo: 0 };
      round(fresh, lane);
      hash.hi = (hash.hi ^ fresh.hi) >>> 0;
      hash.lo = (hash.lo ^ fresh.lo) >>> 0;
      multiply(hash, P1);
      addTo(hash, P4);
    }
    return hash;
  }
}

function word(data: Uint8Array, at: number): number {
  return (
    ((data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16) | ((data[at + 3] ?? 0) << 24)) >>> 0
  );
}

function round(lane: Wide, input: Wide): void {
  addTo(lane, multiplied(input, P2));
  rotate(lane, 31);
  multiply(lane, P1);
}

function mix(hash: Wide, lane: Wide, { turn, factor, add }: { turn: number; factor: Wide; add: Wide }): void {
  hash.hi = (hash.hi ^ lane.hi) >>> 0;
  hash.lo = (hash.lo ^ lane.lo) >>> 0;
  rotate(hash, turn);
  multiply(hash, factor);
  addTo(hash, add);
}

function avalanche(hash: Wide): number {
  hash.lo = (hash.lo ^ (hash.hi >>> 1)) >>> 0;
  multiply(hash, P2);
  const { hi, lo } = hash;
  hash.lo = (lo ^ ((lo >>> 29) | (hi << 3))) >>> 0;
  hash.hi = (hi ^ (hi >>> 29)) >>> 0;
  multiply(hash, P3);
  return (hash.lo ^ hash.hi) >>> 0;
}

function multiplied(a: Wide, b: Wide): Wide {
  const product = { ...a };
  multiply(product, b);
  return product;
}

function multiply(a: Wide, { hi, lo }: Wide): void {
  const cross = Math.imul(a.hi, lo) + Math.imul(a.lo, hi);
  const [a0, a1, b0, b1] = [a.lo & 0xffff, a.lo >>> 16, lo & 0xffff, lo >>> 16];
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 16);
  const carry = (middle & 0xffff) + a0 * b1;
  a.hi = (a1 * b1 + Math.floor(middle / 65536) + Math.floor(carry / 65536) + cross) >>> 0;
  a.lo = Math.imul(a.lo, lo) >>> 0;
}

function addTo(a: Wide, b: Wide): void {
  const lo = a.lo + b.lo;
  a.hi = (a.hi + b.hi + (lo > 0xffffffff ? 1 : 0)) >>> 0;
  a.lo = lo >>> 0;
}

function rotate(a: Wide, bits: number): void {
  const { hi, lo } = a;
  a.hi = ((hi << bits) | (lo >>> (32 - bits))) >>> 0;
  a.lo = ((lo << bits) | (hi >>> (32 - bits))) >>> 0;
}

function sum(a: Wide, b: Wide): Wide {
  const total = { ...a };
  addTo(total, b);
  return total;
}

function minus({ hi, lo }: Wide): Wide {
  return { hi: (~hi + (lo === 0 ? 1 : 0)) >>> 0, lo: -lo >>> 0 };
}
