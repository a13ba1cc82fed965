/**
 * Signatures made by hand, just whole enough for libblkid to believe them: partition tables, an LVM physical volume,
 * a member of a Linux RAID, FAT, and disk images, so that the tests need none of the programs that make real ones.
 */
import { crc32 } from 'node:zlib'

export type Content = Readonly<Record<number, Uint8Array | string>>

function block(bytes: number, fill: (view: Buffer) => void): Buffer {
  const view = Buffer.alloc(bytes)
  fill(view)
  return view
}

/** A DOS partition table with one Linux partition from sector 64. */
export const dosSector = (sectors: number): Buffer =>
  block(512, (b) => {
    b.writeUInt32LE(0x1234abcd, 440)
    b[446 + 4] = 0x83
    b.writeUInt32LE(64, 446 + 8)
    b.writeUInt32LE(sectors - 64, 446 + 12)
    b.writeUInt16LE(0xaa55, 510)
  })

export const dosTable = (sectors: number): Content => ({ 0: dosSector(sectors) })

/** A GUID partition table with one Linux partition from sector 64 (primary copy and the protective DOS table only). */
export function guidTable(sectors: number): Content {
  const entries = block(128 * 128, (b) => {
    Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex').copy(b, 0)
    b.fill(0x11, 16, 32)
    b.writeBigUInt64LE(64n, 32)
    b.writeBigUInt64LE(BigInt(sectors - 64), 40)
  })
  const header = block(512, (b) => {
    b.write('EFI PART', 0, 'latin1')
    b.writeUInt32LE(0x00010000, 8)
    b.writeUInt32LE(92, 12)
    b.writeBigUInt64LE(1n, 24)
    b.writeBigUInt64LE(BigInt(sectors - 1), 32)
    b.writeBigUInt64LE(34n, 40)
    b.writeBigUInt64LE(BigInt(sectors - 34), 48)
    b.fill(0x22, 56, 72)
    b.writeBigUInt64LE(2n, 72)
    b.writeUInt32LE(128, 80)
    b.writeUInt32LE(128, 84)
    b.writeUInt32LE(crc32(entries), 88)
    b.writeUInt32LE(crc32(b.subarray(0, 92)), 16)
  })
  const protective = block(512, (b) => {
    b[446 + 4] = 0xee
    b.writeUInt32LE(1, 446 + 8)
    b.writeUInt32LE(sectors - 1, 446 + 12)
    b.writeUInt16LE(0xaa55, 510)
  })
  return { 0: protective, 512: header, 1024: entries }
}

/** The label of an LVM2 physical volume, with its checksum. */
export const lvmLabel = (): Content => ({
  512: block(512, (b) => {
    b.write('LABELONE', 0, 'latin1')
    b.writeBigUInt64LE(1n, 8)
    b.writeUInt32LE(32, 20)
    b.write('LVM2 001', 24, 'latin1')
    b.write('0123456789abcdefghijklmnopqrstuv', 32, 'latin1')
    // LVM's checksum is CRC-32 with a start value of its own and no inversion at the end.
    b.writeUInt32LE(~crc32(b.subarray(20), ~0xf597a6cf >>> 0) >>> 0, 16)
  }),
})

/** A version 1.2 superblock of Linux RAID (mdadm), with its checksum. */
export const raidSuperblock = (): Content => ({
  4096: block(512, (b) => {
    b.writeUInt32LE(0xa92b4efc, 0)
    b.writeUInt32LE(1, 4)
    b.fill(0x33, 16, 32)
    b.write('lab:0', 32, 'latin1')
    b.writeUInt32LE(1, 72)
    b.writeBigUInt64LE(2048n, 80)
    b.writeUInt32LE(2, 92)
    b.writeBigUInt64LE(2048n, 128)
    b.writeBigUInt64LE(4096n, 136)
    b.writeBigUInt64LE(8n, 144)
    b.writeUInt32LE(raidChecksum(b.subarray(0, 256)), 216)
  }),
})

/** The sum of all 32-bit words, with the carries folded back once. */
function raidChecksum(superblock: Buffer): number {
  let sum = 0n
  for (let i = 0; i < superblock.length; i += 4) sum += BigInt(superblock.readUInt32LE(i))
  return Number(((sum & 0xffff_ffffn) + (sum >> 32n)) & 0xffff_ffffn)
}

/** The boot sector of a FAT16 file system. */
export const fatBootSector = (sectors: number): Content => ({
  0: block(512, (b) => {
    b.set([0xeb, 0x3c, 0x90], 0)
    b.write('mkfs.fat', 3, 'latin1')
    b.writeUInt16LE(512, 11)
    b[13] = 4
    b.writeUInt16LE(4, 14)
    b[16] = 2
    b.writeUInt16LE(512, 17)
    b.writeUInt16LE(sectors, 19)
    b[21] = 0xf8
    b.writeUInt16LE(32, 22)
    b[38] = 0x29
    b.write('NO NAME    FAT16   ', 43, 'latin1')
    b.writeUInt16LE(0xaa55, 510)
  }),
})

/** Disk image formats by the bytes that `qemu-img` or VirtualBox put there; libblkid knows none of them. */
export const IMAGES: Readonly<Record<string, Content>> = {
  qcow2: { 0: 'QFI\u00fb\0\0\0\u0003' },
  qed: { 0: 'QED\0\0\0\u0001\0' },
  vmdk: { 0: 'KDMV\u0001\0\0\0' },
  vdi: { 0: '<<< QEMU VM Virtual Disk Image >>>\n', 64: '\u007f\u0010\u00da\u00be' },
  vhdx: { 0: 'vhdxfile' },
  vhd: { 0: 'conectix\0\0\0\u0002' },
  parallels: { 0: 'WithouFreSpacExt' },
}
