import { QUANTILES, type ColumnProfile, type QuantileName } from './reports.js';

/** Points (value, share of values up to it) of a distribution, both rising; between two points it is taken as straight. */
export type Distribution = readonly (readonly [value: number, share: number])[];

/** The distribution of a numeric column from its extremes and quantiles; undefined where these are no finite numbers. */
export function distributionOf({
  min,
  max,
  quantiles,
}: Pick<ColumnProfile, 'min' | 'max' | 'quantiles'>): Distribution | undefined {
  if (quantiles === undefined) return undefined;
  const inner = Object.entries(QUANTILES).map(
    ([name, share]) => [Number(quantiles[name as QuantileName]), share] as const,
  );
  const ends = { low: Number(min), high: Number(max) };
  const first = Number.isFinite(ends.low) ? ends.low : (inner[0]?.[0] ?? Number.NaN);
  const last = Number.isFinite(ends.high) ? ends.high : (inner.at(-1)?.[0] ?? Number.NaN);
  const points = [[first, 0] as const, ...inner, [last, 1] as const];
  return points.every(([value]) => Number.isFinite(value)) ? points : undefined;
}

/** Share of the values up to this one. */
export function shareUpTo(points: Distribution, value: number): number {
  const next = points.findIndex(([at]) => at > value);
  if (next === -1) return 1;
  const [high, above] = points[next] ?? [value, 1];
  const [low, below] = points[next - 1] ?? [value, 0];
  if (next === 0) return 0;
  return below + ((value - low) / (high - low)) * (above - below);
}

/** The distribution of several together, each weighted by its rows. */
export function mixDistributions(
  parts: readonly { readonly points: Distribution; readonly rows: number }[],
): Distribution {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const values = [...new Set(parts.flatMap(({ points }) => points.map(([value]) => value)))].toSorted((a, b) => a - b);
  const shares = values.map(
    (value) => parts.reduce((sum, part) => sum + part.rows * shareUpTo(part.points, value), 0) / Math.max(1, rows),
  );
  return values.map((value, index) => [value, shares[index] ?? 1] as const);
}

/** The value below which this share lies. */
export function valueAt(points: Distribution, share: number): number {
  const next = points.findIndex(([, upTo]) => upTo >= share);
  const [high, above] = points[next] ?? points.at(-1) ?? [0, 1];
  const [low, below] = points[next - 1] ?? [high, above];
  return above <= below ? high : low + ((share - below) / (above - below)) * (high - low);
}

/** How far two splits of rows over the same classes are apart: the population stability index; 0 when they are the same, above 0.25 by convention a shift. */
export function stabilityIndex(now: readonly number[], before: readonly number[]): number {
  const least = 1e-4;
  return now.reduce((sum, share, index) => {
    const [a, b] = [Math.max(least, share), Math.max(least, before[index] ?? 0)];
    return sum + (a - b) * Math.log(a / b);
  }, 0);
}
