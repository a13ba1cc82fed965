/** What is measured: the jobs, who does each, and what is to be reached. Data alone; the tables follow from it. */
export interface Job {
  readonly pattern: 'random' | 'sequential'
  readonly writeBytes: number
  /** Writes in flight: workers of the agent, and jobs or depth of fio. */
  readonly depth: number
  /** A flush after so many writes; 0: none. */
  readonly flushEvery: number
}

export interface Ours {
  /** As the tables call it. */
  readonly name: string
  readonly args: readonly string[]
  /** Least ratio to each peer; absent where the figure is for information. */
  readonly goal?: number
}

export interface Peer {
  readonly name: string
  readonly engine: 'psync' | 'libaio' | 'io_uring'
  /** Whether it makes a header and a check sum for each block, as whoever wants to verify must. */
  readonly verify: boolean
}

export const TABLES = ['workers', 'deep', 'flushes', 'sequential'] as const

/** One job, done by each in turn. */
export interface Match {
  readonly table: (typeof TABLES)[number]
  readonly job: Job
  readonly ours: readonly Ours[]
  readonly peers: readonly Peer[]
}

/** What a user gets who asks for nothing. */
const AUTO: Ours = { name: 'auto', args: ['--io-engine', 'auto'] }
/** Of the agent, the one that it chooses by itself first. */
const ENGINES: readonly Ours[] = [AUTO, { name: 'psync', args: ['--io-engine', 'psync'] }]

const PSYNC: Peer = { name: 'fio psync', engine: 'psync', verify: true }
const LIBAIO: Peer = { name: 'fio libaio', engine: 'libaio', verify: true }
const IO_URING: Peer = { name: 'fio io_uring', engine: 'io_uring', verify: true }
const SEQUENTIAL: readonly Peer[] = [{ ...PSYNC, name: 'fio psync, bare', verify: false }, PSYNC]

const KIB4 = { pattern: 'random', writeBytes: 4096 } as const

const concurrent = ({ name, args }: Ours): Ours => ({ name, args: [...args, '--flush-mode', 'concurrent'] })
const BARRIER: Ours = { name: 'auto, barrier', args: [...AUTO.args, '--flush-mode', 'barrier'] }
/** The drain before each flush costs most where most is in flight. */
const BARRIER_AT = 16

/** Several writes in flight, which is where the agent may choose another engine by itself: so each is shown. */
const manyInFlight = (depth: number): readonly Match[] => [
  {
    table: 'workers',
    job: { ...KIB4, depth, flushEvery: 0 },
    ours: ENGINES.map((engine) => ({ ...engine, goal: 1 })),
    peers: [PSYNC],
  },
  {
    table: 'workers',
    job: { ...KIB4, depth, flushEvery: 16 },
    ours: [
      ...ENGINES.map((engine) => ({ ...concurrent(engine), goal: 1 })),
      ...(depth === BARRIER_AT ? [BARRIER] : []),
    ],
    peers: [PSYNC],
  },
]

export const MATCHES: readonly Match[] = [
  { table: 'workers', job: { ...KIB4, depth: 1, flushEvery: 0 }, ours: [{ ...AUTO, goal: 0.95 }], peers: [PSYNC] },
  ...[4, 8, 16].flatMap(manyInFlight),
  // What the engine of the same kind makes of so few in flight: it bounds what the agent can.
  { table: 'deep', job: { ...KIB4, depth: 4, flushEvery: 0 }, ours: [AUTO], peers: [LIBAIO] },
  {
    table: 'deep',
    job: { ...KIB4, depth: 32, flushEvery: 0 },
    ours: [{ ...AUTO, goal: 0.85 }],
    peers: [LIBAIO, IO_URING],
  },
  ...[1, 16].map((flushEvery): Match => ({
    table: 'flushes',
    job: { ...KIB4, depth: 1, flushEvery },
    ours: [{ ...AUTO, goal: 0.95 }],
    peers: [PSYNC],
  })),
  {
    table: 'sequential',
    job: { pattern: 'sequential', writeBytes: 2 ** 20, depth: 1, flushEvery: 0 },
    ours: [{ ...AUTO, goal: 0.95 }],
    peers: SEQUENTIAL,
  },
]

/** What a write costs is shown at these depths, engine by engine. */
export const PROFILES: readonly { readonly engine: Ours; readonly depth: number }[] = [
  { engine: AUTO, depth: 1 },
  ...ENGINES.map((engine) => ({ engine, depth: 16 })),
]

/** Microseconds of user time a write at most. */
export const COST_GOAL_US = 4
/** Depths at which the cost of a write is shown. */
export const COST_DEPTHS: readonly number[] = [1, 4, 16, 32]
/** The cost of a write is told of the device that costs nearly nothing: of another it would be the same, and less certain. */
export const COST_TARGET = 'loop device over memory'
