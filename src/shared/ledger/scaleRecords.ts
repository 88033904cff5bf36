/** Steps of one kind that may run now. */
export interface StepDemand {
  readonly step: string;
  /** Nobody holds them. */
  readonly waiting: number;
  /** Workers hold them. */
  readonly held: number;
  /** Of their batches' objects; of those that are held the half. */
  readonly bytes: number;
  readonly objects: number;
  /** Since the batch of the oldest of the waiting was planned. */
  readonly oldestSeconds: number;
}

/** Objects of a dataset that wait to be planned, where a plan of it is due. */
export interface ArrivedDemand {
  readonly dataset: string;
  readonly objects: number;
  readonly bytes: number;
  /** How long the first of the plans has been due. */
  readonly oldestSeconds: number;
}

/** What jobs of one kind did that ended well. */
export interface Pace {
  readonly kind: string;
  readonly jobs: number;
  /** Summed over the jobs. */
  readonly busySeconds: number;
  /** Of the objects in their batches. */
  readonly bytes: number;
  readonly objects: number;
}

/** What the autoscaler's signal reads, and the workers' pace that they note for it. */
export interface ScaleLedger {
  steps(): Promise<readonly StepDemand[]>;
  arrived(): Promise<readonly ArrivedDemand[]>;
  /** Adds to this minute's pace. */
  notePaces(paces: readonly Pace[]): Promise<void>;
  /** The sum of the newest ten minutes in which a kind did anything, at most a day old. */
  paces(): Promise<readonly Pace[]>;
  /** Deletes what is older than two days; returns how many. */
  forgetPaces(): Promise<number>;
}
