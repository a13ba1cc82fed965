/** How deep a parsed document is nested. What walks one by calling itself ends at some depth, and a stranger may send any. */

/** Whether there is a list or object within more than `depthMax` others. Takes no stack of its own. */
export function isDeeperThan(document: unknown, depthMax: number): boolean {
  let level: unknown[] = [document]
  for (let depth = 0; level.length > 0; depth++) {
    const inside = level.filter((value) => typeof value === 'object' && value !== null)
    if (inside.length > 0 && depth > depthMax) return true
    level = inside.flatMap((value) => Object.values(Object(value)))
  }
  return false
}
