import type { Config, Dataset } from './config.js';
import type { ConfigFault } from './rules.js';

/** The rules about where files arrive; pure. */
export function sourceFaults(config: Config): readonly ConfigFault[] {
  return [...lakeFaults(config), ...twinFaults(config)];
}

/** Every key of a configuration is a whole key of its bucket, so a path after the bucket's name would be dropped in silence. */
function lakeFaults({ lake }: Config): readonly ConfigFault[] {
  const path = /^s3:\/\/[^/]*\/+(.+)$/s.exec(lake?.url ?? '')?.[1];
  if (lake === undefined || path === undefined) return [];
  return [
    {
      path: 'lake.url',
      expected: `a bucket alone; its folders belong into source.prefix and compact.prefix of each dataset (${path.replace(/\/*$/, '/')}...)`,
      got: lake.url,
    },
  ];
}

/** Of two datasets with the same source one would never get a file. */
function twinFaults(config: Config): readonly ConfigFault[] {
  const first = new Map<string, string>();
  return config.datasets.flatMap((dataset) => {
    const place = placeOf(config, dataset);
    const twin = first.get(place);
    if (twin === undefined) first.set(place, dataset.name);
    return twin === undefined
      ? []
      : [
          {
            path: `datasets.${dataset.name}.source`,
            expected: `another prefix or match than those of ${twin}, which takes all of these files`,
            got: `${dataset.source.url ?? (dataset.source.prefix || 'the whole lake')} with match ${dataset.source.match.join(', ')}`,
          },
        ];
  });
}

/** Equal for datasets that take the same files: where they arrive, and which of them. */
function placeOf({ lake }: Config, { source }: Dataset): string {
  const url = source.url ?? `${(lake?.url ?? 's3://lake').replace(/\/+$/, '')}/${source.prefix}`;
  return JSON.stringify([url, [...source.match].sort()]);
}
