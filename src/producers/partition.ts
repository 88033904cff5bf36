/** Reads the partition of a file out of its folders: `''` for none, else `name=value` pairs joined by `/`, kept as text. */
export type PartitionReader = (folders: readonly string[]) => string;

/**
 * The reader of a dataset's `partition` setting. `none`: one partition. `hive`: the chain of `name=value` folders as written.
 * A template such as `{year}/{month}/{day}`: the folders at those places, under the template's names. Folders that do not fit the
 * template give the partition `''`, so that no file is left out.
 */
export function partitionReader(setting: string): PartitionReader {
  if (setting === 'none') return () => '';
  if (setting === 'hive') return (folders) => folders.filter((folder) => /^[^=]+=/.test(folder)).join('/');
  const steps = setting
    .split('/')
    .filter((step) => step !== '')
    .map(compileStep);
  return (folders) => readTemplate(steps, folders);
}

interface TemplateStep {
  readonly names: readonly string[];
  readonly pattern: RegExp;
}

function compileStep(step: string): TemplateStep {
  const names = [...step.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1] ?? '');
  const pattern = step
    .split(/\{[^{}]+\}/)
    .map((literal) => literal.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('(.+?)');
  return { names, pattern: new RegExp(`^${pattern}$`, 'su') };
}

function readTemplate(steps: readonly TemplateStep[], folders: readonly string[]): string {
  const pairs: string[] = [];
  for (const [index, step] of steps.entries()) {
    const match = step.pattern.exec(folders[index] ?? '');
    if (match === null) return '';
    for (const [place, name] of step.names.entries()) pairs.push(`${name}=${match[place + 1] ?? ''}`);
  }
  return pairs.join('/');
}
