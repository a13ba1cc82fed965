/** The simulated disk behind the device port (io/device.ts): one request at a time, each finished before the next begins. */
import assert from 'node:assert/strict'
import type { SectorBuffer } from '../../core/stamp.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import type { DevicePort } from '../../io/device.ts'
import type { SimDisk } from './disk.ts'

function systemError(code: string, syscall: string, what: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${what}, ${syscall}`), { code, syscall })
}

/** Write number of requests that come through the port: faults that spare the baseline do not spare them. */
const PORT_TAG = 1

export class SimDevice implements DevicePort {
  readonly sizeSectors: number
  readonly #disk: SimDisk
  #open = true
  #flushes = 0

  constructor(disk: SimDisk) {
    this.#disk = disk
    this.sizeSectors = disk.options.sizeSectors
  }

  read(into: SectorBuffer, at: number, lba: number, sectors: number): void {
    this.#check(into, at, lba, sectors)
    for (let address = lba; address < lba + sectors; address++) {
      const errno = address >= this.sizeSectors ? 'EOF' : this.#disk.unreadable.get(address)
      if (errno !== undefined)
        throw systemError(errno, 'read', `sector ${address} of ${sectors} from ${lba} cannot be read`)
    }
    for (let i = 0; i < sectors; i++) into.bytes.set(this.#disk.readSector(lba + i), (at + i) * SECTOR_BYTES)
  }

  write(from: SectorBuffer, at: number, lba: number, sectors: number, fua: boolean): void {
    this.#check(from, at, lba, sectors)
    if (lba + sectors > this.sizeSectors)
      throw systemError('EINVAL', 'write', `${sectors} sectors at ${lba} lie beyond the end at ${this.sizeSectors}`)
    this.#disk.finish(this.#disk.begin(PORT_TAG, lba, sectors, fua, from, at))
  }

  flush(): void {
    assert(this.#open, 'the device is closed')
    this.#disk.finishFlush(this.#disk.beginFlush(++this.#flushes))
  }

  close(): void {
    this.#open = false
  }

  #check(buffer: SectorBuffer, at: number, lba: number, sectors: number): void {
    assert(this.#open, 'the device is closed')
    assert(at >= 0 && sectors > 0 && at + sectors <= buffer.sectors, 'the range lies inside the buffer')
    assert(Number.isSafeInteger(lba) && lba >= 0, 'an address is a whole number of sectors')
  }
}
