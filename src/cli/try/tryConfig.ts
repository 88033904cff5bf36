import { stringify } from 'yaml';
import type { InferredDataset } from './inferDatasets.js';

/** Where the files lie and how their store is reached. */
export interface TriedPlace {
  /** file:///folder or s3://bucket/prefix, without / at its end. */
  readonly url: string;
  readonly endpoint?: string;
  readonly region?: string;
}

/** A configuration that loads the datasets into the embedded Postgres; artifacts go to `lake` (a file:// URL). Pure. */
export function tryConfig(place: TriedPlace, datasets: readonly InferredDataset[], lake: string): string {
  const { url, endpoint, region } = place;
  const file = {
    version: 1,
    lake: { url: lake, ...(endpoint === undefined ? {} : { endpoint }), ...(region === undefined ? {} : { region }) },
    intake: { port: 0 },
    console: { port: 0 },
    targets: { warehouse: { type: 'postgres' } },
    datasets: Object.fromEntries(
      datasets.map(({ name, folder, match }) => [
        name,
        {
          source: { url: folder === '' ? url : `${url}/${encodeFolder(url, folder)}`, match },
          load: [{ target: 'warehouse', table: name }],
        },
      ]),
    ),
  };
  return `# Written by \`sluice try\`. Every key: docs/config.md. Give a target a url to load into your own Postgres.\n${stringify(file, { lineWidth: 0 })}`;
}

/** A folder inside a file:// URL is percent-encoded; a key of S3 stands as it is. */
function encodeFolder(url: string, folder: string): string {
  return url.startsWith('file://') ? encodeURIComponent(folder) : folder;
}
