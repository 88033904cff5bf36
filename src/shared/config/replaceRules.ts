import type { Config, Dataset } from './config.js';
import { placeOf } from './tablePlace.js';
import type { ConfigFault } from './rules.js';

/** What stands in the way of a dataset whose loads replace; pure. */
export function replaceFaults(config: Config, dataset: Dataset): readonly ConfigFault[] {
  const first = dataset.load.findIndex(({ mode }) => mode === 'replace');
  if (first === -1) return overwriteFaults(dataset);
  const at = `datasets.${dataset.name}`;
  return [
    ...likeFaults(dataset, first),
    ...sharedFaults(config, dataset),
    ...ruleFaults(dataset),
    ...dataset.load.flatMap(({ retain }, index) =>
      retain === undefined
        ? []
        : [
            {
              path: `${at}.load[${index}].retain`,
              expected: 'no retain under mode replace, whose next batch would bring back what retain dropped',
              got: 'one',
            },
          ],
    ),
  ];
}

/** Scope belongs to replace. */
export function scopeFaults({ name, load }: Dataset): readonly ConfigFault[] {
  return load.flatMap(({ mode, scope }, index) =>
    scope === undefined || mode === 'replace'
      ? []
      : [{ path: `datasets.${name}.load[${index}].scope`, expected: 'mode replace where scope is given', got: mode }],
  );
}

/** A batch is the whole of a scope, or it is not: for all tables alike. */
function likeFaults({ name, load }: Dataset, first: number): readonly ConfigFault[] {
  const scopeOf = (index: number) => load[index]?.scope ?? 'partition';
  return load.flatMap(({ mode }, index): readonly ConfigFault[] => {
    const path = `datasets.${name}.load[${index}]`;
    if (mode !== 'replace')
      return [
        {
          path,
          expected: 'mode replace, as in the other loads: a batch of it has files that are loaded already',
          got: mode,
        },
      ];
    if (scopeOf(index) === scopeOf(first)) return [];
    return [{ path: `${path}.scope`, expected: `${scopeOf(first)}, as in the other loads`, got: scopeOf(index) }];
  });
}

/** Rows that somebody else loads would leave with the scope; so would those of the same table under another name. */
function sharedFaults({ datasets, targets }: Config, { name, load }: Dataset): readonly ConfigFault[] {
  return load.flatMap(({ target, table }, index) => {
    const place = placeOf(targets, { target, table });
    const other = datasets.find(
      (one) => one.name !== name && one.load.some((theirs) => placeOf(targets, theirs) === place),
    );
    if (other === undefined) return [];
    const expected = `a table of its own for mode replace, not one that ${other.name} loads`;
    return [{ path: `datasets.${name}.load[${index}].table`, expected, got: table }];
  });
}

/** The table has what is there now: newer versions and equal files included, and the files are read again with each batch. */
function ruleFaults({ name, onOverwrite, onDuplicateContent, originals }: Dataset): readonly ConfigFault[] {
  const path = `datasets.${name}`;
  const faults: ConfigFault[] = [];
  if (onOverwrite !== 'replace')
    faults.push({ path: `${path}.onOverwrite`, expected: 'replace, or nothing, under mode replace', got: onOverwrite });
  if (onDuplicateContent !== 'load')
    faults.push({
      path: `${path}.onDuplicateContent`,
      expected: 'load, or nothing, under mode replace: the table has every file that is there',
      got: onDuplicateContent,
    });
  if (originals.after === 'move' || originals.after === 'delete')
    faults.push({
      path: `${path}.originals.after`,
      expected: 'keep or tag under mode replace, which reads the files of a partition again',
      got: originals.after,
    });
  return faults;
}

/** Rows of an older version can be told from others only where each row stays as its object brought it. */
function overwriteFaults({ name, onOverwrite, load }: Dataset): readonly ConfigFault[] {
  if (onOverwrite !== 'replace') return [];
  return load.flatMap(({ mode, via }, index) => {
    if (mode === 'append' && via !== 'snowpipe') return [];
    return [
      {
        path: `datasets.${name}.load[${index}]`,
        expected: 'an append load, not through a pipe, where onOverwrite is replace',
        got: via === 'snowpipe' ? 'via snowpipe' : `mode ${mode}`,
      },
    ];
  });
}
