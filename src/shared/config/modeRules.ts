import type { Config, Dataset } from './config.js';
import type { ConfigFault } from './rules.js';

type Load = Dataset['load'][number];

const POSTGRES_ONLY = ['partitionBy', 'indexes', 'refresh', 'retain'] as const;

/** What a load's mode needs, and what only some targets can do. */
export function modeFaults(
  config: Config,
  { load, others }: { readonly load: Load; readonly others: readonly Load[] },
  path: string,
): readonly ConfigFault[] {
  const { mode, key, orderBy = [] } = load;
  const type = config.targets[load.target]?.type;
  const inKey = orderBy.find((column) => key?.includes(column));
  return [
    ...(mode === 'upsert' && key === undefined
      ? [{ path, expected: 'key, the columns that tell rows apart, for mode upsert', got: 'none' }]
      : []),
    ...(inKey === undefined
      ? []
      : [
          {
            path: `${path}.orderBy`,
            expected: 'columns that are not in the key, whose rows are all equal in it',
            got: inKey,
          },
        ]),
    ...postgresOnlyFaults(load, type, path),
    ...retainFaults(load, others, path),
    ...listFaults(load, path),
  ];
}

/** key and orderBy belong to upserts, and name each column once. */
function listFaults(load: Load, path: string): readonly ConfigFault[] {
  const { mode } = load;
  const only = (name: 'key' | 'orderBy') =>
    load[name] === undefined || mode === 'upsert'
      ? []
      : [{ path: `${path}.${name}`, expected: `mode upsert where ${name} is given`, got: mode }];
  const twice = (name: 'key' | 'orderBy') => {
    const again = load[name]?.find((column, index, all) => all.indexOf(column) !== index);
    return again === undefined
      ? []
      : [{ path: `${path}.${name}`, expected: 'each column once', got: `${again} twice` }];
  };
  return [...only('key'), ...only('orderBy'), ...twice('key'), ...twice('orderBy')];
}

function postgresOnlyFaults(load: Load, type: string | undefined, path: string): readonly ConfigFault[] {
  return POSTGRES_ONLY.flatMap((name) =>
    type === 'snowflake' && load[name] !== undefined
      ? [{ path: `${path}.${name}`, expected: `${name} with a target of type postgres`, got: type }]
      : [],
  );
}

function retainFaults(load: Load, others: readonly Load[], path: string): readonly ConfigFault[] {
  return [
    ...(load.retain !== undefined && load.partitionBy === undefined
      ? [{ path: `${path}.retain`, expected: 'partitionBy, whose old partitions retain drops', got: 'none' }]
      : []),
    ...(load.retain !== undefined && others.every(({ retain }) => retain !== undefined)
      ? [{ path: `${path}.retain`, expected: 'another load of the dataset that keeps everything', got: 'none' }]
      : []),
  ];
}

/** Something that works, and may not do what its author believes. */
export interface ConfigWarning {
  /** As in `datasets.orders.load[0]`. */
  readonly path: string;
  readonly text: string;
}

/** What `sluice validate` warns of; pure. */
export function findWarnings({ datasets }: Config): readonly ConfigWarning[] {
  return [...datasets.flatMap(upsertWarnings), ...datasets.flatMap(replaceWarnings)];
}

function upsertWarnings({ name, load }: Dataset): readonly ConfigWarning[] {
  return load.flatMap(({ mode, orderBy }, index) =>
    mode === 'upsert' && orderBy === undefined
      ? [
          {
            path: `datasets.${name}.load[${index}]`,
            text: 'upsert without orderBy: the row of the later batch stands, even where it is the older one',
          },
        ]
      : [],
  );
}

function replaceWarnings({ name, load, partition }: Dataset): readonly ConfigWarning[] {
  if (partition !== 'none' || !load.some(({ mode }) => mode === 'replace')) return [];
  const text =
    'replace without partition: the table has the rows of all files together; where each folder is a full export, give it a partition, and scope: table';
  return [{ path: `datasets.${name}.partition`, text }];
}
