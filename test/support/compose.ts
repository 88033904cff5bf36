import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const root = fileURLToPath(new URL('../../', import.meta.url));
const commandSchema = z.union([z.string(), z.array(z.string())]);
const serviceSchema = z.looseObject({
  image: z.string(),
  profiles: z.array(z.string()).optional(),
  command: commandSchema.optional(),
  entrypoint: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).optional(),
  deploy: z.looseObject({ replicas: z.int() }).optional(),
});
export type ComposeService = z.infer<typeof serviceSchema>;

/** The services of docker-compose.yml, with the variables of .env.example filled in. */
export function readCompose(): Readonly<Record<string, ComposeService>> {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const example = Object.fromEntries(
    [...read('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  const filled = read('docker-compose.yml')
    .replaceAll('$$', '\0')
    .replaceAll(/\$\{([A-Z_]+)(:\?[^}]*)?\}/g, (whole, name: string) => {
      if (example[name] === undefined) throw new Error(`expected ${name} in .env.example, for ${whole}`);
      return example[name];
    })
    .replaceAll('\0', '$');
  return z.object({ services: z.record(z.string(), serviceSchema) }).parse(parse(filled, { merge: true })).services;
}

/** What stands on this machine for what the containers have. */
export interface Places {
  /** Texts in commands and environments, each with what takes its place: paths, addresses of services. */
  readonly texts: readonly (readonly [string, string])[];
  readonly cwd: string;
}

/** A part that runs as a process of its own. */
export interface Part {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  stdout(): string;
  stderr(): string;
  /** Its exit status. */
  readonly ended: Promise<number | null>;
  /** Tells it to stop, as Docker and Kubernetes do, and waits. */
  stop(): Promise<number | null>;
}

const imageEntrypoint = z
  .array(z.string())
  .parse(JSON.parse(/^ENTRYPOINT (.*)$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))?.[1] ?? '[]'));

/** Starts a service of Sluice's image as a process: its own entry point, command and environment, with only the places changed. */
export function startPart(service: ComposeService, { texts, cwd }: Places): Part {
  const place = (text: string) => texts.reduce((done, [from, to]) => done.replaceAll(from, to), text);
  const command = typeof service.command === 'string' ? service.command.split(' ') : (service.command ?? []);
  const [program = '', ...args] = [...(service.entrypoint ?? imageEntrypoint), ...command].map(place);
  const environment = Object.entries(service.environment ?? {}).map(([name, value]) => [name, place(value)] as const);
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program, args, {
    cwd,
    env: { PATH, HOME, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...Object.fromEntries(environment) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = once(child, 'close').then(([status]) => z.number().nullable().parse(status));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
