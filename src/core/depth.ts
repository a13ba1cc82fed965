/** How deep a parsed document is nested. What walks one by calling itself ends at some depth, and a stranger may send any. */

const STEP_VALUES = 50_000

/** The same in steps, for whoever has others waiting: after each, whether it is known to be deeper already. */
export function* stepsOfDepth(document: unknown, depthMax: number): Generator<boolean> {
  const open: { readonly inside: readonly unknown[]; at: number }[] = [{ inside: [document], at: 0 }]
  for (let seen = 1, top = open[0]; top !== undefined; top = open.at(-1), seen++) {
    if (seen % STEP_VALUES === 0) yield false
    if (top.at === top.inside.length) {
      open.pop()
      continue
    }
    const value = top.inside[top.at++]
    if (typeof value !== 'object' || value === null) continue
    if (open.length - 1 > depthMax) return yield true
    open.push({ inside: Array.isArray(value) ? value : Object.values(value), at: 0 })
  }
}

/** Whether there is a list or object within more than `depthMax` others. Takes no stack of its own. */
export function isDeeperThan(document: unknown, depthMax: number): boolean {
  for (const isDeeper of stepsOfDepth(document, depthMax)) if (isDeeper) return true
  return false
}
