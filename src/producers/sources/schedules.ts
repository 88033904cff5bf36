import { createHash } from 'node:crypto';
import type { Config, ScheduleConfig } from '../../shared/config/config.js';
import { canonicalJson } from '../../shared/ledger/manifest.js';
import type { Queue, Schedule } from '../../shared/queue/port.js';

/** How often budgets are looked at where no schedule says so: Snowflake's own account of credits is hours late. */
const BUDGET_MS = 6 * 3_600_000;

/** Makes the config's schedules the only ones of the queue; those of an older config end. Errors: QUEUE_AWAY. */
export async function applySchedules(
  { schedules, targets = {} }: Pick<Config, 'schedules'> & Partial<Pick<Config, 'targets'>>,
  queue: Pick<Queue, 'schedule'>,
): Promise<void> {
  const budgeted = Object.values(targets).some((target) => target.type === 'snowflake' && target.monthlyCredits);
  const isWatched = schedules.some(({ job }) => job === 'budget');
  const budget: readonly ScheduleConfig[] = budgeted && !isWatched ? [{ job: 'budget', everyMs: BUDGET_MS }] : [];
  await queue.schedule(readSchedules([...schedules, ...budget]));
}

/** The schedules as the queue takes them. An id follows from the settings, so a changed schedule is another one; equal ones are one. */
export function readSchedules(schedules: readonly ScheduleConfig[]): readonly Schedule[] {
  const byId = new Map(schedules.map((schedule) => [scheduleId(schedule), toSchedule(schedule)]));
  return [...byId.values()];
}

function toSchedule(schedule: ScheduleConfig): Schedule {
  const { job, dataset, everyMs, cron, timezone } = schedule;
  const id = scheduleId(schedule);
  return {
    id,
    job: {
      kind: 'maintain',
      id,
      name: dataset === undefined ? job : `${job} ${dataset}`,
      payload: { v: 1, job, ...(dataset === undefined ? {} : { dataset }) },
    },
    ...(everyMs === undefined ? {} : { everyMs }),
    ...(cron === undefined ? {} : { cron }),
    ...(timezone === undefined ? {} : { timezone }),
  };
}

/** Without colons, which a job id may not contain. */
function scheduleId(schedule: ScheduleConfig): string {
  const hash = createHash('sha256').update(canonicalJson(schedule)).digest('hex').slice(0, 12);
  return `${schedule.job}-${schedule.dataset ?? 'all'}-${hash}`;
}
