/** What became of a write, in one byte. */
export const STATUS = {
  unknown: 0,
  intact: 1,
  lost: 2,
  torn: 3,
  lostStable: 4,
  tornStable: 5,
  tornInFlight: 6,
} as const
