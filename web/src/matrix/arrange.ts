/** Cells into grids: one grid for each way of cutting and each lie that was asked for, a row for each image, a column for each cache mode. */
import { wasToldToLie } from '../../../src/core/campaign/facts.ts'
import { CELL_STATES, type MatrixCell } from '../../../src/core/view/matrix-view.ts'

export interface Grid {
  readonly key: string
  readonly cut: string
  readonly rig: string
  readonly fault: string
  readonly control: string
  readonly caches: readonly string[]
  readonly rows: readonly { readonly image: string; readonly cells: readonly (MatrixCell | undefined)[] }[]
}

/** From the most careful to the most careless; what is not here follows by name. */
const CACHES = ['directsync', 'writethrough', 'none', 'writeback', 'unsafe']
const IMAGES = ['raw', 'qcow2']

type Named = Pick<MatrixCell, 'rig' | 'cut' | 'image' | 'cache' | 'fault' | 'control'>

export const cellKey = ({ rig, cut, image, cache, fault, control }: Named): string =>
  [rig, cut, image, cache, ...(fault === '' && control === '' ? [] : [fault, control])].join('~')

const inOrder = (values: readonly string[], first: readonly string[]): string[] => {
  const rank = (value: string): number => (first.includes(value) ? first.indexOf(value) : first.length)
  return [...new Set(values)].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

const severity = (cells: readonly MatrixCell[]): number =>
  Math.min(...cells.map(({ state }) => CELL_STATES.indexOf(state)))

/** Disks that lie on purpose come last. */
const lies = (cells: readonly MatrixCell[]): number => (cells.some(wasToldToLie) ? 1 : 0)

/** Grids in the order of what they show, the worst first. */
export function gridsOf(cells: readonly MatrixCell[]): readonly Grid[] {
  const groups = new Map<string, MatrixCell[]>()
  for (const cell of cells) {
    const key = [cell.cut, cell.rig, cell.fault, cell.control].join('~')
    groups.set(key, [...(groups.get(key) ?? []), cell])
  }
  return [...groups.entries()]
    .toSorted(
      ([a, left], [b, right]) => lies(left) - lies(right) || severity(left) - severity(right) || (a < b ? -1 : 1),
    )
    .map(([key, group]) => gridOf(key, group))
}

function gridOf(key: string, group: readonly MatrixCell[]): Grid {
  const [first] = group
  const caches = inOrder(
    group.map(({ cache }) => cache),
    CACHES,
  )
  const images = inOrder(
    group.map(({ image }) => image),
    IMAGES,
  )
  return {
    key,
    cut: first?.cut ?? '',
    rig: first?.rig ?? '',
    fault: first?.fault ?? '',
    control: first?.control ?? '',
    caches,
    rows: images.map((image) => ({
      image,
      cells: caches.map((cache) => group.find((cell) => cell.image === image && cell.cache === cache)),
    })),
  }
}
