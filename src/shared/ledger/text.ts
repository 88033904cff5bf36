/** Text that Postgres takes: NUL characters, which it refuses, become \\0; at most `limit` characters. */
export function storable(text: string, limit = 4_000): string {
  const clean = text.replaceAll('\0', '\\0');
  return clean.length <= limit ? clean : `${clean.slice(0, limit - 1)}…`;
}

/** The address of an object as people write it. A directory store's bucket is a file:// URL already. */
export function objectUri(bucket: string, key: string): string {
  return bucket.startsWith('file://') ? `${bucket.replace(/\/$/, '')}/${key}` : `s3://${bucket}/${key}`;
}
