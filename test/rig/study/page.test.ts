/** What stands in docs/studies is what the program makes of the data that lies beside it. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { RawOptions } from '../../../src/core/agent-options.ts'
import { parseLoopOptions } from '../../../src/rig/loop-options.ts'
import { STUDY_SCHEMA, type StudyData, dataText, parseStudyData } from '../../../src/rig/study/data.ts'
import { loopCommandLine, pageOf } from '../../../src/rig/study/page.ts'
import { STUDIES, studyNamed } from '../../../src/rig/study/registry.ts'

const FOLDER = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'studies')

const DATA: Omit<StudyData, 'study' | 'points'> = {
  schema: STUDY_SCHEMA,
  command: 'plugpull study x',
  date: '2026-01-01',
  durationMs: 1000,
  machine: { processor: 'p', cores: 2, memoryBytes: 2 ** 30, system: 's', versions: {} },
}

describe('pages of studies', () => {
  for (const { name } of STUDIES) {
    it(`docs/studies/${name}: page and figure follow from the data`, () => {
      const path = join(FOLDER, `${name}.json`)
      const text = readFileSync(path, 'utf8')
      const data = parseStudyData(text, path)
      const { markdown, svg } = pageOf(studyNamed(name), data)
      assert.equal(dataText(data), text)
      assert.equal(markdown, readFileSync(join(FOLDER, `${name}.md`), 'utf8'), `write it anew with --from-data`)
      assert.equal(svg, readFileSync(join(FOLDER, `${name}.svg`), 'utf8'))
      assert.ok(data.points.some(({ cycles }) => cycles.length > 0))
    })
  }

  it('has no page of a study that is not there', () => {
    const pages = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.json')) : []
    for (const page of pages) assert.equal(studyNamed(page.replace(/\.json$/, '')).name, page.replace(/\.json$/, ''))
  })
})

describe('every study', () => {
  for (const study of STUDIES) {
    it(`${study.name}: the loop takes the options of all its points`, () => {
      for (const { options } of study.panels.flatMap(({ points }) => points)) parseLoopOptions(options)
    })

    it(`${study.name}: names no place twice in a series, and keeps some points for --quick`, () => {
      for (const { points } of study.panels) {
        const places = points.map(({ series, x }) => `${series} ${x}`)
        assert.equal(new Set(places).size, places.length)
        assert.ok(points.some(({ slow }) => slow !== true))
      }
    })

    it(`${study.name}: says nothing but that nothing was measured where nothing was`, () => {
      const points = study.panels.flatMap((panel, index) =>
        panel.points.map((point) => ({ panel: index, ...point, cycles: [], problems: ['no disk'] })),
      )
      const { markdown, svg } = pageOf(study, { ...DATA, study: study.name, points })
      assert.doesNotMatch(markdown, /NaN|undefined|Infinity/)
      assert.match(markdown, /1 without a verdict: no disk/)
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
    })
  }

  it('shows each campaign as a command that the loop takes', () => {
    const options: RawOptions = { rig: 'qemu', flushNever: true, writeSize: '8k', script: 'w 0+8; flush' }
    assert.equal(
      loopCommandLine(options),
      "plugpull loop --rig qemu --flush-never --write-size 8k --script 'w 0+8; flush'",
    )
  })
})
