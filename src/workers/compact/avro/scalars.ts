import { SluiceError } from '../../../shared/errors.js';

/** A type of the engine, and a decoded Avro value as the text that casts to it whole. */
export interface Scalar {
  readonly type: string;
  readonly toText: (value: unknown) => string;
}

const MAX_DIGITS = 38;
const PLAIN: Readonly<Record<string, Scalar>> = {
  null: { type: 'VARCHAR', toText: String },
  boolean: { type: 'BOOLEAN', toText: String },
  int: { type: 'INTEGER', toText: String },
  long: { type: 'BIGINT', toText: String },
  float: { type: 'FLOAT', toText: numberText },
  double: { type: 'DOUBLE', toText: numberText },
  bytes: { type: 'BLOB', toText: blobText },
  string: { type: 'VARCHAR', toText: String },
};

/** The primitive type of that name. */
export function plainScalar(name: string): Scalar | undefined {
  return PLAIN[name];
}

/** The logical type of a schema (Avro 1.12); undefined when it has none, or one that is unknown: then its plain type counts. */
export function logicalScalar(schema: Readonly<Record<string, unknown>>): Scalar | undefined {
  const { type, logicalType, precision, scale = 0 } = schema;
  switch (`${String(logicalType)} of ${String(type)}`) {
    case 'decimal of bytes':
    case 'decimal of fixed':
      return decimal(Number(precision), Number(scale));
    case 'date of int':
      return { type: 'DATE', toText: (days) => dateText(BigInt(Number(days))) };
    case 'time-millis of int':
      return { type: 'TIME', toText: (millis) => timeText(BigInt(Number(millis)) * 1_000_000n) };
    case 'time-micros of long':
      return { type: 'TIME', toText: (micros) => timeText(wide(micros) * 1000n) };
    case 'timestamp-millis of long':
      return { type: 'TIMESTAMP WITH TIME ZONE', toText: (millis) => `${momentText(wide(millis) * 1_000_000n)}+00` };
    case 'timestamp-micros of long':
      return { type: 'TIMESTAMP WITH TIME ZONE', toText: (micros) => `${momentText(wide(micros) * 1000n)}+00` };
    case 'local-timestamp-millis of long':
      return { type: 'TIMESTAMP', toText: (millis) => momentText(wide(millis) * 1_000_000n) };
    case 'local-timestamp-micros of long':
      return { type: 'TIMESTAMP', toText: (micros) => momentText(wide(micros) * 1000n) };
    case 'timestamp-nanos of long':
    case 'local-timestamp-nanos of long':
      return { type: 'TIMESTAMP_NS', toText: (nanos) => momentText(wide(nanos)) };
    case 'uuid of string':
      return { type: 'UUID', toText: String };
    case 'uuid of fixed':
      return { type: 'UUID', toText: (bytes) => bufferOf(bytes).toString('hex') };
    case 'duration of fixed':
      return { type: 'INTERVAL', toText: durationText };
    default:
      return undefined;
  }
}

function decimal(precision: number, scale: number): Scalar {
  if (!(precision >= 1 && precision <= MAX_DIGITS && scale >= 0 && scale <= precision)) {
    throw new SluiceError(
      'FORMAT_UNSUPPORTED',
      `expected a decimal of at most ${MAX_DIGITS} digits, got precision ${precision} and scale ${scale}`,
    );
  }
  return { type: `DECIMAL(${precision},${scale})`, toText: (bytes) => decimalText(bufferOf(bytes), scale) };
}

/** Two's complement, the highest byte first. */
function decimalText(bytes: Buffer, scale: number): string {
  const unsigned = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
  const value = BigInt.asIntN(Math.max(bytes.length, 1) * 8, unsigned);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const sign = value < 0n ? '-' : '';
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function numberText(value: unknown): string {
  return Object.is(value, -0) ? '-0.0' : String(value);
}

/** The engine reads \xHH in a text as a byte of a BLOB. */
function blobText(value: unknown): string {
  return bufferOf(value)
    .toString('hex')
    .replaceAll(/../g, String.raw`\x$&`);
}

const DAY_NANOS = 86_400_000_000_000n;

function momentText(nanos: bigint): string {
  const day = floorDivide(nanos, DAY_NANOS);
  return `${dateText(day)} ${timeText(nanos - day * DAY_NANOS)}`;
}

function timeText(nanos: bigint): string {
  const seconds = nanos / 1_000_000_000n;
  const two = (value: bigint) => String(value).padStart(2, '0');
  const fraction = String(nanos % 1_000_000_000n).padStart(9, '0');
  const short = fraction.endsWith('000') ? fraction.slice(0, 6) : fraction;
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}.${short}`;
}

/** Of days since 1970, in the proleptic Gregorian calendar (the algorithm of civil_from_days, H. Hinnant). */
function dateText(days: bigint): string {
  const shifted = days + 719_468n;
  const era = floorDivide(shifted, 146_097n);
  const dayOfEra = shifted - era * 146_097n;
  const yearOfEra = (dayOfEra - dayOfEra / 1460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const monthFromMarch = (5n * dayOfYear + 2n) / 153n;
  const day = dayOfYear - (153n * monthFromMarch + 2n) / 5n + 1n;
  const month = monthFromMarch < 10n ? monthFromMarch + 3n : monthFromMarch - 9n;
  const year = yearOfEra + era * 400n + (month <= 2n ? 1n : 0n);
  const two = (value: bigint) => String(value).padStart(2, '0');
  const text = `${String(year > 0n ? year : 1n - year).padStart(4, '0')}-${two(month)}-${two(day)}`;
  return year > 0n ? text : `${text} (BC)`;
}

/** Months, days and milliseconds, each 4 bytes, the lowest first. */
function durationText(value: unknown): string {
  const bytes = bufferOf(value);
  const [months, days, millis] = [0, 4, 8].map((at) => bytes.readUInt32LE(at));
  return `${months} months ${days} days ${millis} milliseconds`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  return value >= 0n ? value / by : -((-value + by - 1n) / by);
}

function wide(value: unknown): bigint {
  return typeof value === 'bigint' ? value : BigInt(Number(value));
}

function bufferOf(value: unknown): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.alloc(0);
}
