import type { Config, Dataset } from './config.js';
import type { ConfigFault } from './rules.js';

type Load = Dataset['load'][number];

const POSTGRES_ONLY = ['partitionBy', 'indexes', 'refresh'] as const;

/** What a load's mode needs, and what only some targets can do. */
export function modeFaults(config: Config, load: Load, path: string): readonly ConfigFault[] {
  const { mode, key, orderBy = [] } = load;
  const type = config.targets[load.target]?.type;
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
    ...POSTGRES_ONLY.flatMap((name) =>
      type === 'snowflake' && load[name] !== undefined
        ? [{ path: `${path}.${name}`, expected: `${name} with a target of type postgres`, got: type }]
        : [],
    ),
    ...only('key'),
    ...only('orderBy'),
    ...twice('key'),
    ...twice('orderBy'),
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
  return datasets.flatMap(({ name, load }) =>
    load.flatMap(({ mode, orderBy }, index) =>
      mode === 'upsert' && orderBy === undefined
        ? [
            {
              path: `datasets.${name}.load[${index}]`,
              text: 'upsert without orderBy: the row of the later batch stands, even where it is the older one',
            },
          ]
        : [],
    ),
  );
}
