import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import { openS3Store } from '../../../src/shared/stores/s3.js';
import { describeObjectStore } from '../../contracts/objectStore.js';
import { CREDENTIALS, openTestS3 } from '../../support/s3.js';

describeObjectStore(
  'S3',
  async () => {
    const s3 = await openTestS3();
    const { bucket, server, client } = s3;
    return {
      store: openS3Store({ bucket, endpoint: server.url, credentials: CREDENTIALS }),
      readTags: async (key) => {
        const { TagSet = [] } = await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key }));
        return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
      },
      close: s3.close,
    };
  },
  { keyMayBeFolder: true, moreKeys: ['dot/./x', 'dots/../x', 'a//b', '/lead', 'trail/', 'ctrl/\u0001\u001f'] },
);
