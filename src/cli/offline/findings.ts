import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileFormat } from '../../shared/config/dataset.js';
import { SluiceError } from '../../shared/errors.js';
import type { Column } from '../../shared/schema/columns.js';
import type { CheckReport } from '../../shared/findings/check.js';
import type { ProfileReport } from '../../shared/findings/reports.js';
import type { JoinReport, PartitionReport, PartitionSize, SkewReport } from '../../shared/findings/skew.js';
import { joinSource } from '../../shared/skew/joinSource.js';
import { skewedPartitions } from '../../shared/skew/partitions.js';
import { comparedKind, openReferences } from '../../shared/checks/references.js';
import { readReferences } from './references.js';
import { checkSource } from '../../shared/checks/checkSource.js';
import { profileSource } from '../../workers/profile/profileSource.js';
import { skewSource } from '../../shared/skew/skewSource.js';
import type { Contract } from './contract.js';
import type { CompactedObject } from './compactInputs.js';
import type { OfflineWork } from './session.js';
import { lookInto } from './source.js';

/** Files that were set aside, as they stand in the answer. */
export interface WithQuarantined {
  readonly quarantined: readonly Pick<CompactedObject, 'uri' | 'code' | 'reason'>[];
}

/** A finding over the files that could be read. */
export interface InputFinding<T> {
  readonly report: T & WithQuarantined;
  readonly objects: readonly CompactedObject[];
}

/** Profiles the rows of all files together. */
export async function profileInputs(work: OfflineWork, format: FileFormat): Promise<InputFinding<ProfileReport>> {
  const startedAt = performance.now();
  const { session, signal } = work;
  const { found, objects } = await lookInto(work, format, ({ source, columns, bytes }) =>
    profileSource({ session, source, columns, bytes, signal }),
  );
  return finding({ ...found, seconds: (performance.now() - startedAt) / 1000 }, objects);
}

/** What `sluice skew` answers. */
export interface SkewAnswer extends SkewReport {
  /** Folders of the files, as partitions. */
  readonly partitions: PartitionReport;
  /** With `--join`. */
  readonly join?: JoinReport;
  readonly seconds: number;
}

export interface SkewSettings {
  readonly format: FileFormat;
  readonly key: readonly string[];
  readonly threshold: number;
}

/** Finds the skew of a key over the rows of all files together; where there are other files, what a join with their rows would do. */
export async function skewInputs(
  work: OfflineWork,
  { format, key: given, threshold }: SkewSettings,
): Promise<InputFinding<SkewAnswer>> {
  const startedAt = performance.now();
  const { session, signal, others } = work;
  const asides: CompactedObject[] = [];
  const { found, objects } = await lookInto(work, format, async ({ source, columns }) => {
    // No file could be read: the answer names them, there is no key to ask for.
    if (columns.length === 0)
      return { ...(await skewSource({ session, source, key: ['nothing'], signal })), key: given };
    const key = keyOf(given, columns, 'the files');
    const report = await skewSource({ session, source, columns, key, threshold, signal });
    if (others === undefined) return { ...report };
    const other = { ...work, files: others, scratch: join(work.scratch, 'other') };
    await mkdir(other.scratch, { recursive: true });
    const joined = await lookInto(other, format, async ({ source: right, columns: theirs }) => {
      if (theirs.length === 0) return undefined;
      checkKinds({ ours: columns, theirs, key: keyOf(given, theirs, '--join') });
      return joinSource({ session, left: source, right, key, columns, signal });
    });
    asides.push(...joined.objects);
    return { ...report, ...(joined.found === undefined ? {} : { join: joined.found }) };
  });
  const partitions = skewedPartitions(sumByFolder(work));
  const answer = { ...found, partitions, seconds: (performance.now() - startedAt) / 1000 };
  return finding(answer, [...objects, ...asides]);
}

/** The key's columns as the files name them; a name may have commas itself. Throws USAGE for one that is not there. */
function keyOf(given: readonly string[], columns: readonly Column[], where: string): readonly string[] {
  const known = new Map(columns.map(({ name }) => [name.toLowerCase(), name]));
  if (given.length === 0) throw new SluiceError('USAGE', 'expected --key with the name of a column, got none');
  const whole = known.get(given.join(',').toLowerCase());
  if (whole !== undefined) return [whole];
  return given.map((name) => {
    const found = known.get(name.toLowerCase());
    if (found !== undefined) return found;
    const names = columns.slice(0, 20).map((column) => column.name);
    const more = columns.length > names.length ? ', ...' : '';
    throw new SluiceError(
      'USAGE',
      `expected a key among the columns of ${where} (${names.join(', ')}${more}), got ${name}`,
    );
  });
}

/** Throws USAGE where a join would compare values that never equal each other, such as texts and numbers. */
function checkKinds(sides: {
  readonly ours: readonly Column[];
  readonly theirs: readonly Column[];
  readonly key: readonly string[];
}): void {
  for (const name of sides.key) {
    const [own, other] = [sides.ours, sides.theirs].map((columns) =>
      columns.find((column) => column.name.toLowerCase() === name.toLowerCase()),
    );
    if (own === undefined || other === undefined || comparedKind(own.type) === comparedKind(other.type)) continue;
    throw new SluiceError('USAGE', `expected ${name} of --join to be comparable with ${own.type}, got ${other.type}`);
  }
}

function sumByFolder({ files }: OfflineWork): readonly PartitionSize[] {
  const folders = new Map<string, number>();
  for (const { uri, bytes } of files) folders.set(dirname(uri), (folders.get(dirname(uri)) ?? 0) + bytes);
  return [...folders].map(([partition, bytes]) => ({ partition, bytes }));
}

/** Judges the rows of all files together. */
export async function checkInputs(
  work: OfflineWork,
  format: FileFormat,
  contract: Contract,
): Promise<InputFinding<CheckReport>> {
  const { session, scratch, signal } = work;
  const valuesOf = readReferences(work, format);
  const { found, objects } = await lookInto(work, format, ({ source, columns }) =>
    checkSource({
      session,
      source,
      columns,
      checks: contract.columns,
      tableChecks: contract.checks,
      references: openReferences({ session, source, folder: scratch, valuesOf, signal }),
      signal,
    }),
  );
  return finding(found, objects);
}

function finding<T>(report: T, objects: readonly CompactedObject[]): InputFinding<T> {
  const bad = objects.filter(({ state }) => state === 'quarantined');
  const quarantined = bad.map(({ uri, code, reason }) => ({
    uri,
    ...(code === undefined ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
  }));
  return { report: { ...report, quarantined }, objects };
}
