import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { logAxis, measureAxis } from '../../../src/rig/study/axis.ts'
import { chartSvg } from '../../../src/rig/study/chart.ts'
import { figuresOf } from '../../../src/rig/study/figures.ts'
import type { Panel } from '../../../src/rig/study/study.ts'

const PANEL: Panel = {
  title: 'a < b & "c"',
  axis: { label: 'across', scale: 'log' },
  measure: 'lostBytes',
  points: [],
}
const cycle = (lostBytes: number) => ({
  verdict: 'held',
  violations: 0,
  lost: 0,
  torn: 0,
  reordered: 0,
  completeWrites: 0,
  lostWrites: 0,
  lostBytes,
  oldestLostMs: 0,
})

describe('figures drawn', () => {
  it('keeps every mark inside its axes, zeros of a logarithmic one too', () => {
    for (const values of [[0], [0, 4096, 4096 * 1024], [1, 2, 3], [5]]) {
      const axis = measureAxis('lostBytes', values)
      for (const value of [...values, ...axis.ticks.map((tick) => tick.value)]) {
        const at = axis.at(value)
        assert.ok(at >= 0 && at <= 1, `${value} of ${values.join()} is at ${at}`)
      }
    }
  })

  it('puts equal factors at equal distances', () => {
    const axis = logAxis('x', [1, 10, 100], String, false)
    assert.ok(Math.abs(axis.at(10) - 0.5) < 1e-9)
  })

  it('draws each cycle, joins a series, and escapes what people wrote', () => {
    const points = [1, 8].map((x) =>
      figuresOf({
        panel: 0,
        series: 's<1>',
        x,
        label: `${x}`,
        options: {},
        cycles: [cycle(x), cycle(x)],
        problems: [],
      }),
    )
    const svg = chartSvg('t', [PANEL], points)
    assert.equal(svg.match(/r="2"/g)?.length, 4)
    assert.equal(svg.match(/<polyline /g)?.length, 1)
    assert.match(svg, /a &lt; b &amp; &quot;c&quot;/)
    assert.doesNotMatch(svg, /s<1>|NaN|undefined/)
  })
})
