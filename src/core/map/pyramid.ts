/**
 * A map at every scale: level k has one byte for 2^k blocks, the greatest of theirs. What a pixel has to show is then found
 * by looking at a few bytes, whatever the zoom. Levels are built of typed arrays, 1/1 + 1/2 + 1/4 … of the map: twice its size.
 */
export class Pyramid {
  readonly levels: readonly Uint8Array[]

  constructor(states: Uint8Array) {
    const levels = [states]
    for (let below = states; below.length > 1;) {
      const half = new Uint8Array(Math.ceil(below.length / 2))
      for (let i = 0; i < half.length; i++) {
        const left = below[2 * i] ?? 0
        const right = below[2 * i + 1] ?? 0
        half[i] = left > right ? left : right
      }
      levels.push(half)
      below = half
    }
    this.levels = levels
  }

  get blocks(): number {
    return this.levels[0]?.length ?? 0
  }

  /** The greatest state of the blocks from `from` up to, and not including, `to`. */
  worst(from: number, to: number): number {
    let low = Math.max(0, from)
    let high = Math.min(this.blocks, to)
    let worst = 0
    for (let level = 0; low < high; level++) {
      const states = this.levels[level]
      if (states === undefined) break
      if ((low & 1) === 1) worst = Math.max(worst, states[low++] ?? 0)
      if ((high & 1) === 1) worst = Math.max(worst, states[--high] ?? 0)
      low >>>= 1
      high >>>= 1
    }
    return worst
  }
}
