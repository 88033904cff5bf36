/** Anything that travels between processes as JSON does. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Args = Readonly<Record<string, Json>>;

/** One of the two things compared: a function of a module in `sides/`, called in a process of its own. */
export interface SideSpec {
  /** For people. */
  readonly title: string;
  /** File name in `sides/`, without ending. */
  readonly module: string;
  /** The exported function. */
  readonly name: string;
  readonly args?: Args;
  /** Servers whose CPU counts as this side's too (their memory does not). */
  readonly counted?: readonly number[];
  /** Variables added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a side says of its run. */
export interface SideAnswer {
  /** Work done (rows, records, jobs), for rates. */
  readonly units?: number;
  /** Bytes written. */
  readonly bytes?: number;
  /** Further figures for the result file. */
  readonly facts?: Args;
}

/** A side made ready: everything that is not to be measured has been done. */
export interface OpenSide {
  /** The measured work. */
  run(): Promise<SideAnswer>;
  /** What the run produced, to be compared with the other side's; not measured. */
  digest(): Promise<Json>;
  close(): Promise<void>;
}

export type Side = (args: Args) => Promise<OpenSide>;

/** What the harness saw of one run. */
export interface Measured {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Highest sum of resident bytes over the side's own processes. */
  readonly peakRssBytes: number;
  readonly answer: SideAnswer;
  readonly digest: Json;
}

/** A text argument; throws when it is absent. */
export function textOf(args: Args, name: string): string {
  const value = args[name];
  if (typeof value !== 'string') throw new TypeError(`expected the text ${name}, got ${JSON.stringify(value)}`);
  return value;
}

/** A number argument; throws when it is absent. */
export function numberOf(args: Args, name: string): number {
  const value = args[name];
  if (typeof value !== 'number') throw new TypeError(`expected the number ${name}, got ${JSON.stringify(value)}`);
  return value;
}

/** A list of texts; throws when it is absent. */
export function textsOf(args: Args, name: string): readonly string[] {
  const value = args[name];
  if (!Array.isArray(value)) throw new TypeError(`expected the list ${name}, got ${JSON.stringify(value)}`);
  return value.map(String);
}
