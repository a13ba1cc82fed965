import { randomBelow } from '../prng.ts'
import { EVERY_16, LANE, type WorkloadKind, writeAt } from './workload.ts'

const HOT_PERCENT = 90
const HOT_SHARE = 64

/** Nine writes in ten go to one sixty-fourth of the region: many versions of few sectors. */
export const hotspot: WorkloadKind = {
  name: 'hotspot',
  summary: 'nine writes in ten to one sixty-fourth of the region, the rest anywhere',
  cadence: EVERY_16,
  make(context) {
    const grain = context.writeSectors.least
    const places = Math.max(1, Math.floor(context.region.sectors / grain))
    const hotPlaces = Math.max(1, Math.floor(places / HOT_SHARE))
    const hotStart = randomBelow(context.key, 0, LANE.place, places - hotPlaces + 1)
    const place = (n: number): number =>
      randomBelow(context.key, n, LANE.extra, 100) < HOT_PERCENT
        ? hotStart + randomBelow(context.key, n, LANE.place, hotPlaces)
        : randomBelow(context.key, n, LANE.place, places)
    return { write: (n) => writeAt(context, n, context.region.lba + place(n) * grain) }
  },
}
