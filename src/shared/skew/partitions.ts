import type { PartitionReport, PartitionSize } from '../findings/skew.js';

/** Spark's skewedPartitionFactor and skewedPartitionThresholdInBytes: a partition above both is skewed. */
const OVER_MEDIAN = 5;
const OVER_BYTES = 256 * 2 ** 20;

/** Which partitions hold far more bytes than the others. */
export function skewedPartitions(sizes: readonly PartitionSize[]): PartitionReport {
  const ordered = [...sizes].sort((a, b) => b.bytes - a.bytes);
  const middle = ordered.length / 2;
  const at = (index: number) => ordered[index]?.bytes ?? 0;
  const medianBytes = Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
  const skewed = ordered.filter(({ bytes }) => bytes > OVER_MEDIAN * medianBytes && bytes > OVER_BYTES);
  return { count: sizes.length, medianBytes, maxBytes: at(0), skewed };
}
