/** The cells of a matrix: every cache mode × image × cut of the rigs that were chosen, as far as a rig offers them. */
import { ProbeError } from '../../core/errors.ts'
import {
  CACHE_MODES,
  CUT_KINDS,
  type CacheMode,
  type CutKind,
  IMAGE_NAMES,
  type ImageName,
  type RigKind,
} from '../rig.ts'

/** One campaign of the matrix, by what distinguishes it. */
export interface Cell {
  readonly rig: string
  readonly image: ImageName
  readonly cache: CacheMode
  readonly cut: CutKind
}

/** What was chosen of each kind; `undefined` is all that makes sense. */
export interface Selection {
  readonly rigs: readonly RigKind[]
  readonly caches?: readonly CacheMode[]
  readonly images?: readonly ImageName[]
  readonly cuts?: readonly CutKind[]
}

/** `storage-daemon/qcow2/none/sigkill`: how a cell is named in the state, in messages, and on the command line of a reader. */
export const cellName = ({ rig, image, cache, cut }: Cell): string => [rig, image, cache, cut].join('/')

/** The image that differs from this one by having no subclusters: where it has none, the same. */
export function plainOf(image: ImageName): ImageName {
  const plain = image.replace('-on-extl2', '-on-qcow2').replace('-extl2', '')
  return IMAGE_NAMES.find((name) => name === plain) ?? image
}

/** Ends at which QEMU tidies up: they hide the same things, so one of them is enough. */
export const ORDERLY_CUTS: readonly CutKind[] = ['sigterm', 'virsh-destroy', 'qmp-quit']

/** The cuts of a rig where nobody chose: a kill, an orderly end and the loss of the host, as far as it has them. */
export function usualCuts({ cuts }: Pick<RigKind, 'cuts'>): readonly CutKind[] {
  const orderly = ORDERLY_CUTS.find((cut) => cuts.includes(cut))
  return CUT_KINDS.filter((cut) => cuts.includes(cut) && (cut === 'sigkill' || cut === 'host-power' || cut === orderly))
}

/** All cells, in the order in which they are shown. Throws BAD_OPTION for a choice that none of the rigs offers. */
export function cellsOf(selection: Selection): readonly Cell[] {
  const { rigs } = selection
  checkOffered('--cut', selection.cuts, rigs, ({ cuts }) => cuts)
  checkOffered('--image', selection.images, rigs, ({ images }) => images)
  checkOffered('--cache', selection.caches, rigs, ({ caches }) => caches)
  return rigs.flatMap((rig) => {
    const cuts = (selection.cuts ?? usualCuts(rig)).filter((cut) => rig.cuts.includes(cut))
    const images = (selection.images ?? IMAGE_NAMES).filter((image) => rig.images.includes(image))
    const caches = (selection.caches ?? CACHE_MODES).filter((cache) => rig.caches.includes(cache))
    return cuts.flatMap((cut) =>
      caches.flatMap((cache) => images.map((image) => ({ rig: rig.name, image, cache, cut }))),
    )
  })
}

function checkOffered<T extends string>(
  option: string,
  chosen: readonly T[] | undefined,
  rigs: readonly RigKind[],
  offers: (rig: RigKind) => readonly T[],
): void {
  for (const choice of chosen ?? []) {
    if (rigs.some((rig) => offers(rig).includes(choice))) continue
    const takes = [...new Set(rigs.flatMap(offers))].join(', ')
    const names = rigs.map(({ name }) => name).join(', ')
    throw new ProbeError('BAD_OPTION', `${option} got ${JSON.stringify(choice)}; --rig ${names} takes ${takes}`)
  }
}
