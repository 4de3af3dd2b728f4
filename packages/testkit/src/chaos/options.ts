/** The five planted bugs, each of which a run must catch. */
export const SABOTAGES = ['random-client-id', 'resend-on-timeout', 'no-unique-index', 'no-sweep', 'close-not-reduce-only'] as const
export type Sabotage = (typeof SABOTAGES)[number]

export interface ChaosOptions {
  kills: number
  seed: number
  /** Of all protocol durations; 1 is production. */
  timingsScale: number
  traders: number
  apis: number
  workers: number
  sabotage?: Sabotage
  /** Data folder of a migrated cluster to begin from; made anew when left out. */
  clusterTemplate?: string
  /** Folder of the apps as bundles, to be started instead of their sources. */
  bundles?: string
  /** Ends the run at the first breach: for showing that a planted bug is caught. */
  stopAtFirstBreach: boolean
  /** Share of orders that the exchange accepts and never answers, as a fraction. */
  lostAnswers: number
  /** After the last kill everything must have settled within this time. */
  quietWithinMs: number
  say: (line: string) => void
}

export interface Breach {
  oracle: string
  detail: string
}

export interface ChaosReport {
  kills: number
  signals: number
  orders: number
  lost: number
  doubled: number
  orphaned: number
  unexplained: number
  /** SIGKILL of a lane's owner → the lane has another owner, in ms at this run's scale. */
  recoveryMsP99: number
  timingsScale: number
  seed: number
  /** Share of kills that hit an attempt in SUBMITTING, and of those that fell between fill and stop. */
  killsWhileSubmitting: number
  killsBetweenFillAndStop: number
  /** Share of accepted opens that ended filled and protected. */
  opensProtected: number
  breaches: Breach[]
  reasons: Record<string, number>
}
