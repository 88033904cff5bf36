/** Where an embedded Redis comes from: a server on PATH, the distribution's package unpacked into a cache, or JavaScript in this process. */
export const REDIS_KINDS = ['server', 'debian', 'memory'] as const;
export type RedisKind = (typeof REDIS_KINDS)[number];

export interface RedisOptions {
  /** The folder of its data; made when absent. */
  readonly dir: string;
  /** Must be free. Default: that of the last run where free, else any. */
  readonly port?: number;
  /** This kind and no other (SERVICE_NOT_STARTED where it cannot be had). Default: the first that works, in the order of REDIS_KINDS. */
  readonly kind?: RedisKind;
  /** Told what happens beyond the ordinary, a line at a time. */
  readonly log?: (line: string) => void;
  /** Where programs are looked for, as in PATH. Default: this process's PATH. */
  readonly searchPath?: string;
  /** Where the distribution's package is unpacked. Default: ~/.cache/sluice. */
  readonly cacheDir?: string;
}

/** A running Redis (noeviction). `server` and `debian` write an append-only file each second; `memory` forgets at close. */
export interface EmbeddedRedis {
  readonly kind: RedisKind;
  readonly port: number;
  /** Of the server; this process's own for `memory`. */
  readonly pid: number;
  /** Password included. */
  readonly url: string;
  /** Stops the server once its data is written. A server that was only joined goes on. */
  close(): Promise<void>;
}

/** What every kind needs to start. */
export interface RedisPlace {
  readonly dir: string;
  readonly password: string;
  /** Must be free. */
  readonly port: number | undefined;
  /** That of the last run. */
  readonly usualPort: number | undefined;
  readonly log: (line: string) => void;
}

/** What every kind answers. */
export interface StartedRedis {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}
