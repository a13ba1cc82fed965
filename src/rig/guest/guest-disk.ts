/** The disk of a guest of ours: an image, and where the host is to lose its power, a disk of the host below it whose cache is volatile. */
import { type Image, createImage, reserveRoom } from '../image.ts'
import type { RigSetup } from '../rig.ts'
import { type VolatileDisk, startVolatileDisk } from '../volatile-disk.ts'

export interface GuestDisk {
  readonly image: Image
  /** What the image lies on until the cut; only for host-power. */
  readonly hostDisk?: VolatileDisk
}

/** Makes it, as large as `sizeBytes`. Throws what making an image and starting such a disk throw; then nothing is left running. */
export async function makeGuestDisk(setup: RigSetup, sizeBytes: number): Promise<GuestDisk> {
  const image = await createImage({ ...setup, sizeBytes })
  if (setup.cut !== 'host-power') return { image }
  reserveRoom(image, sizeBytes)
  const { directory, scratch } = setup
  const started = {
    ...(scratch === undefined ? {} : { scratch }),
    ...(setup.fault === undefined ? {} : { fault: setup.fault }),
  }
  return { image, hostDisk: await startVolatileDisk({ backing: image.path, directory, ...started }) }
}
