import type { Config, Dataset } from './config.js';
import type { ConfigFault } from './rules.js';

/** Columns of another dataset, whose values a check wants to meet: one, or the columns of a key together. */
export interface Reference {
  readonly dataset: string;
  readonly columns: readonly string[];
}

/** The columns of other datasets that a dataset's checks refer to, each with the place of its check in the dataset. */
export function referencesOf({
  columns,
  checks: tableChecks,
}: Pick<Dataset, 'columns' | 'checks'>): readonly (Reference & { readonly path: string })[] {
  const ofColumns = Object.entries(columns).flatMap(([name, { checks }]) =>
    checks.flatMap((check, index) => {
      if (typeof check === 'string' || check.references === undefined) return [];
      const { dataset, column } = check.references;
      return [{ dataset, columns: [column], path: `columns.${name}.checks[${index}].references` }];
    }),
  );
  const ofTable = tableChecks.flatMap(({ references }, index) =>
    references === undefined
      ? []
      : [
          {
            dataset: references.dataset,
            columns: Object.values(references.columns),
            path: `checks[${index}].references`,
          },
        ],
  );
  return [...ofColumns, ...ofTable];
}

/** A check refers to another dataset of the configuration, and no two datasets wait for each other's rows. Pure. */
export function referenceFaults({ datasets }: Pick<Config, 'datasets'>): readonly ConfigFault[] {
  const others = new Map(datasets.map((dataset) => [dataset.name, referencesOf(dataset).map(({ dataset: to }) => to)]));
  return datasets.flatMap((dataset) =>
    referencesOf(dataset).flatMap(({ dataset: to, path }) => {
      const place = `datasets.${dataset.name}.${path}.dataset`;
      const names = datasets.map(({ name }) => name).filter((name) => name !== dataset.name);
      if (!names.includes(to))
        return [{ path: place, expected: `another dataset (${names.join(', ') || 'none declared'})`, got: to }];
      if (!leadsTo(others, to, dataset.name)) return [];
      return [{ path: place, expected: `a dataset whose own checks do not lead back to ${dataset.name}`, got: to }];
    }),
  );
}

function leadsTo(others: ReadonlyMap<string, readonly string[]>, from: string, wanted: string): boolean {
  const seen = new Set<string>();
  const waiting = [from];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === wanted) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(others.get(next) ?? []));
  }
  return false;
}
