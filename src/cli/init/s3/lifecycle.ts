import { LOADED_TAG } from '../../../workers/maintain/retireOriginals.js';
import type { BucketUse } from './rights.js';

/** Days after which tagged originals become cheaper, and go. */
export const DAYS = { infrequent: 30, archive: 90, expire: 365 } as const;

/** A rule of a bucket's lifecycle, in the words of PutBucketLifecycleConfiguration. */
export interface LifecycleRule {
  readonly ID: string;
  readonly Status: 'Enabled';
  readonly Filter: unknown;
  readonly Transitions?: readonly { readonly Days: number; readonly StorageClass: string }[];
  readonly Expiration?: { readonly Days: number };
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation: number };
}

/**
 * The rules of one bucket. Originals move and go only when they carry the tag of a balanced audit: what was not proven in the target stays.
 * Objects under 128 KB do not move by themselves (S3's own default), so small files wait for their end where they are.
 */
export function lifecycleOf({ raw, curated }: BucketUse): readonly LifecycleRule[] {
  return [
    ...raw.map((prefix, index): LifecycleRule => ({
      ID: `sluice-originals-${index}`,
      Status: 'Enabled',
      Filter: { And: { Prefix: prefix, Tags: [{ Key: LOADED_TAG.key, Value: LOADED_TAG.value }] } },
      Transitions: [
        { Days: DAYS.infrequent, StorageClass: 'STANDARD_IA' },
        { Days: DAYS.archive, StorageClass: 'GLACIER_IR' },
      ],
      Expiration: { Days: DAYS.expire },
    })),
    ...curated.map((prefix, index): LifecycleRule => ({
      ID: `sluice-uploads-${index}`,
      Status: 'Enabled',
      Filter: { Prefix: prefix },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
    })),
  ];
}
