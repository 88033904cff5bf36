/**
 * A new partition's first dispatch, ms since 1970: job ids end in the dispatch, and jobs of another ledger that used this Redis
 * before must not stand in the way of this one's.
 */
export const FIRST_DISPATCH = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;
