/**
 * Keys of the published surface that this version refuses, so that nobody believes a setting works that does not:
 * the last words of their path, and since when they are announced.
 */
export const NOT_YET: ReadonlySet<string> = new Set(['publish']);
