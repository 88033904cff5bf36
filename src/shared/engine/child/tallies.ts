import { BOOLEAN, type DuckDBType, INTEGER, UBIGINT, VARCHAR } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { TALLY_FUNCTIONS } from '../tally.js';

const WORD = 2 ** 32;

/** The sum of 64-bit numbers in words of 32 bits: exact, without a bigint for each. */
interface Sum {
  rows: number;
  low: number;
  high: number;
}

/**
 * Gives a database the functions of the tally. DuckDB's threads call them in this one, a chunk at a time: the cost is a
 * loop over 2,048 numbers. Both are volatile: they are neither folded nor moved nor called twice for a row.
 */
export function registerTallies(connection: duckdb.Connection): void {
  const slots = new Map<number, Map<number, Sum>>();
  register(connection, {
    name: TALLY_FUNCTIONS.add,
    parameters: [INTEGER, INTEGER, UBIGINT],
    returns: BOOLEAN,
    work: (input, output, count) => {
      const [slot, numbers] = [readInts(input, 0, count), readInts(input, 1, count)];
      const hashes = words(input, 2, count * 2);
      addAll(slotOf(slots, slot[0] ?? 0), numbers, hashes);
      const truths = new Uint8Array(count).fill(1);
      duckdb.copy_data_to_vector(output, 0, truths.buffer, 0, count);
    },
  });
  register(connection, {
    name: TALLY_FUNCTIONS.take,
    parameters: [INTEGER],
    returns: VARCHAR,
    work: (input, output, count) => {
      for (const [row, slot] of readInts(input, 0, count).entries()) {
        duckdb.vector_assign_string_element(output, row, describe(slotOf(slots, slot)));
        slots.delete(slot);
      }
    },
  });
}

interface Registration {
  readonly name: string;
  readonly parameters: readonly DuckDBType[];
  readonly returns: DuckDBType;
  readonly work: (input: duckdb.DataChunk, output: duckdb.Vector, count: number) => void;
}

function register(connection: duckdb.Connection, { name, parameters, returns, work }: Registration): void {
  const made = duckdb.create_scalar_function();
  duckdb.scalar_function_set_name(made, name);
  for (const type of parameters) duckdb.scalar_function_add_parameter(made, type.toLogicalType().logical_type);
  duckdb.scalar_function_set_return_type(made, returns.toLogicalType().logical_type);
  duckdb.scalar_function_set_volatile(made);
  duckdb.scalar_function_set_function(made, (_info, input, output) =>
    work(input, output, duckdb.data_chunk_get_size(input)),
  );
  duckdb.register_scalar_function(connection, made);
  duckdb.destroy_scalar_function_sync(made);
}

function slotOf(slots: Map<number, Map<number, Sum>>, slot: number): Map<number, Sum> {
  const known = slots.get(slot);
  if (known !== undefined) return known;
  const sums = new Map<number, Sum>();
  slots.set(slot, sums);
  return sums;
}

/** Rows of one number follow each other, so its sum is looked up once for each run. */
function addAll(sums: Map<number, Sum>, numbers: Int32Array, hashes: Uint32Array): void {
  let number = -1;
  let sum: Sum = { rows: 0, low: 0, high: 0 };
  for (let row = 0; row < numbers.length; row++) {
    if (numbers[row] !== number) {
      number = numbers[row] ?? 0;
      sum = sumOf(sums, number);
    }
    sum.rows += 1;
    sum.low += hashes[row * 2] ?? 0;
    sum.high += hashes[row * 2 + 1] ?? 0;
    if (sum.low >= Number.MAX_SAFE_INTEGER - WORD) carry(sum);
  }
}

function sumOf(sums: Map<number, Sum>, number: number): Sum {
  const known = sums.get(number);
  if (known !== undefined) return known;
  const sum = { rows: 0, low: 0, high: 0 };
  sums.set(number, sum);
  return sum;
}

function carry(sum: Sum): void {
  sum.high += Math.floor(sum.low / WORD);
  sum.low %= WORD;
}

function describe(sums: ReadonlyMap<number, Sum>): string {
  const entries = [...sums].map(
    ([number, { rows, low, high }]) => `${number}:${rows}:${BigInt(high) * BigInt(WORD) + BigInt(low)}`,
  );
  return [duckdb.library_version(), ...entries].join(' ');
}

function readInts(input: duckdb.DataChunk, column: number, count: number): Int32Array {
  const { buffer, byteOffset } = bytesOf(input, column, count * 4);
  return new Int32Array(buffer, byteOffset, count);
}

function words(input: duckdb.DataChunk, column: number, count: number): Uint32Array {
  const { buffer, byteOffset } = bytesOf(input, column, count * 4);
  return new Uint32Array(buffer, byteOffset, count);
}

function bytesOf(input: duckdb.DataChunk, column: number, bytes: number): Uint8Array {
  return duckdb.vector_get_data(duckdb.data_chunk_get_vector(input, column), bytes);
}
