const drain = {
  unit: 'time ratio',
  direction: 'at most',
  goal: 1,
} as const;
const pods = { unit: 'pod-second ratio', direction: 'at most', goal: 1 } as const;

/** The figures of the autoscaler's simulation, scale signal over plain queue-length scaling (5 jobs a pod). */
export const AUTOSCALE_FIGURES = [
  { name: 'scale/autoscale-steady-drain', title: 'simulated even load: p95 of arrival to loaded', ...drain },
  { name: 'scale/autoscale-steady-pod-seconds', title: 'simulated even load: pod-seconds', ...pods },
  { name: 'scale/autoscale-burst-drain', title: 'simulated burst of 50,000 files: until all are loaded', ...drain },
  { name: 'scale/autoscale-burst-pod-seconds', title: 'simulated burst of 50,000 files: pod-seconds', ...pods },
  { name: 'scale/autoscale-wave-drain', title: 'simulated day: p95 of arrival to loaded', ...drain },
  { name: 'scale/autoscale-wave-pod-seconds', title: 'simulated day: pod-seconds', ...pods },
  { name: 'scale/autoscale-trickle-drain', title: 'simulated trickle: p95 of arrival to loaded', ...drain },
  { name: 'scale/autoscale-trickle-pod-seconds', title: 'simulated trickle: pod-seconds', ...pods },
] as const;
