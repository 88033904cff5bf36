import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LineageConfig } from '../config/config.js';
import type { LineageTransport } from './port.js';

/** Opens the transport that the configuration names: POST to a server that speaks OpenLineage, or one line of JSON an event into a file. */
export function openTransport(config: LineageConfig): LineageTransport {
  return config.file === undefined ? httpTransport(config) : fileTransport(config.file);
}

function fileTransport(file: string): LineageTransport {
  return {
    send: async (event) => {
      await mkdir(dirname(file), { recursive: true });
      await appendFile(file, `${JSON.stringify(event)}\n`);
    },
  };
}

function httpTransport({ url = '', endpoint, apiKey, timeoutMs }: LineageConfig): LineageTransport {
  const place = new URL(endpoint, url.endsWith('/') ? url : `${url}/`);
  const headers = {
    'content-type': 'application/json',
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  };
  return {
    send: async (event) => {
      const answer = await fetch(place, {
        method: 'POST',
        headers,
        body: JSON.stringify(event),
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'error',
      });
      await answer.body?.cancel();
      if (answer.ok) return;
      throw new Error(`expected 2xx of the lineage server, got ${answer.status}`);
    },
  };
}
