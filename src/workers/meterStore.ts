import type { ObjectStore } from '../shared/stores/port.js';

/** The same store; tells how many bytes each get and put moved once it is done. */
export function meterStore(store: ObjectStore, moved: (direction: 'get' | 'put', bytes: number) => void): ObjectStore {
  return {
    get bucket() {
      return store.bucket;
    },
    uri: (key) => store.uri(key),
    list: (request) => store.list(request),
    head: (key, signal) => store.head(key, signal),
    async getToFile(request) {
      const got = await store.getToFile(request);
      moved('get', got.bytes);
      return got;
    },
    async putFile(request) {
      const put = await store.putFile(request);
      moved('put', put.bytes);
      return put;
    },
    delete: (keys, signal) => store.delete(keys, signal),
    retire: (request) => store.retire(request),
    tag: (key, tags, signal) => store.tag(key, tags, signal),
  };
}
