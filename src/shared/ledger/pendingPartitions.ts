/**
 * Every partition with pending objects and the time when the first of them is due, as the CTE `pending`. Each step of the
 * recursion reads one entry of the pending index, so the cost grows with such partitions, not with their objects.
 */
export const PENDING_PARTITIONS = `
WITH RECURSIVE pending AS (
  (SELECT dataset, partition, due_at FROM sluice.objects WHERE due_at IS NOT NULL ORDER BY dataset, partition, due_at LIMIT 1)
  UNION ALL
  SELECT next.* FROM pending, LATERAL (
    SELECT o.dataset, o.partition, o.due_at FROM sluice.objects o
    WHERE o.due_at IS NOT NULL AND (o.dataset, o.partition) > (pending.dataset, pending.partition)
    ORDER BY o.dataset, o.partition, o.due_at LIMIT 1
  ) next
)`;
