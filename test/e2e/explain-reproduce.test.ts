/** `plugpull explain` and `plugpull reproduce` as a user runs them: on what a loop left in a store, and on what --keep left in a folder. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Finding } from '../../src/core/finding.ts'
import type { CampaignResult } from '../../src/rig/campaign.ts'
import type { Explanation } from '../../src/core/telling/explanation.ts'
import { type Outcome, type Place, ended, inPlace, loop, skippedWithout } from './loop-run.ts'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))

interface ReproductionDocument {
  readonly schema: string
  readonly outcome: string
  readonly script: string
  readonly command: string
  readonly isMinimal: boolean
  readonly trials: number
  readonly shows: { readonly count: number; readonly of: number; readonly text: string }
  readonly example?: { readonly finding: Finding }
}

/** A folder for stores and kept disks, gone after the test. */
function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pp-lab-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function findingIn(result: CampaignResult, kind: Finding['kind']): { readonly run: string; readonly number: string } {
  const cycle = result.cycles.find(({ verdict }) => verdict?.findings.some((finding) => finding.kind === kind))
  assert.ok(cycle?.verdict, `a cycle with a finding ${kind}: ${JSON.stringify(result.summary)}`)
  return { run: cycle.run, number: String(cycle.verdict.findings.findIndex((finding) => finding.kind === kind) + 1) }
}

/** Runs a command line that the program printed, in a shell as a person would. */
function pasted(place: Place, line: string): Promise<Outcome> {
  assert.match(line, /^plugpull loop /)
  const command = line.replace(/^plugpull /, `'${process.execPath}' '${CLI}' `)
  return ended(spawn('/bin/sh', ['-c', `${command} --json`], { env: { ...process.env, TMPDIR: place.path } }))
}

async function reproduced(
  place: Place,
  args: readonly string[],
): Promise<{ status: number | null; document: ReproductionDocument }> {
  const { status, stdout, stderr } = await place.run(['reproduce', ...args, '--json'])
  assert.equal(stdout.trim().split('\n').length, 1, `one JSON document on stdout; stderr: ${stderr}`)
  const document: ReproductionDocument = JSON.parse(stdout)
  assert.equal(document.schema, 'plugpull.reproduction/1')
  return { status, document }
}

const SIM = ['--rig', 'sim', '--seed', '7', '--cycles', '1', '--writes', '200', '--size', '1M'] as const

describe('explain', () => {
  it('shows the life, the rule and the bytes of a sector that is torn, from the store alone', async (t) => {
    await inPlace(async (place) => {
      const store = `sqlite:${join(folderFor(t), 'lab.db')}`
      const { result } = await loop(place, [...SIM, '--fault', 'tear-sector', '--store', store])
      const { run, number } = findingIn(result, 'torn')
      const unknown = await place.run(['explain', '00000000000000AA', '--store', store])
      assert.equal(unknown.status, 64)
      assert.match(unknown.stderr, new RegExp(`RUN_UNKNOWN: .* has no run 00000000000000aa; its newest: ${run}`))
      const upper = await place.run(['explain', run.toUpperCase(), '--store', store])
      assert.equal(upper.status, 0, upper.stderr)
      const list = await place.run(['explain', run, '--store', store])
      assert.equal(list.status, 0, list.stderr)
      assert.match(list.stdout, new RegExp(`^ +${number}  torn:w\\d+ \\(violation\\): write \\d+ `, 'm'))
      const text = await place.run(['explain', run, number, '--store', store])
      assert.equal(text.status, 0, text.stderr)
      for (const part of [
        /^TORN \(violation: the contract forbids it\): write \d+ /,
        /\(whole-sector; docs\/MODEL\.md, “Contracts”; source: NVMe/,
        /flush \d+ completed: write \d+ is stable from here on/,
        /^ {3}w\d+ +I──C·+═+$/m,
        /│ partial +│/,
        /───── torn at byte \d+: /,
        /bytes? of 512 differs?/,
      ])
        assert.match(text.stdout, part)
      const json = await place.run(['explain', run, number, '--store', store, '--json'])
      const explanation: Explanation = JSON.parse(json.stdout)
      assert.deepEqual(
        [explanation.schema, explanation.rule.id, explanation.bytesFrom],
        ['plugpull.explanation/1', 'whole-sector', 'verdict'],
      )
      const [sector] = explanation.sectors
      assert.equal(sector?.found.kind, 'mix')
      assert.equal(sector?.tearAt, sector?.found.kind === 'mix' ? sector.found.offset : undefined)
    })
  })

  it('reads a kept disk, and says where that no longer holds what the verdict speaks of', async (t) => {
    await inPlace(async (place) => {
      const keep = folderFor(t)
      const { result } = await loop(place, [...SIM, '--fault', 'flip-bit', '--keep', keep])
      const { run, number } = findingIn(result, 'corrupt')
      const [name = ''] = readdirSync(keep)
      const at = (file: string): string => join(keep, name, file)
      const files = ['--log', at('run.log'), '--verdict', at('cycle.json')]
      const before = await place.run(['explain', run, number, ...files, '--target', at('survivor.raw'), '--json'])
      assert.equal(before.status, 0, before.stderr)
      const explanation: Explanation = JSON.parse(before.stdout)
      assert.deepEqual(
        [explanation.bytesFrom, explanation.sectors[0]?.bytes?.differingBytes, explanation.notes],
        ['target', 1, []],
      )
      const disk = openSync(at('survivor.raw'), 'r+')
      writeSync(disk, Buffer.alloc(512), 0, 512, explanation.finding.lba * 512)
      closeSync(disk)
      const after = await place.run(['explain', number, ...files, '--target', at('survivor.raw')])
      assert.match(after.stdout, /Note: the target does not hold any more what the verdict speaks of/)
    })
  })

  it('says where bytes would come from when none were kept', async (t) => {
    await inPlace(async (place) => {
      const keep = folderFor(t)
      const { result } = await loop(place, [...SIM, '--fault', 'flip-bit', '--keep', keep])
      const { number } = findingIn(result, 'corrupt')
      const [name = ''] = readdirSync(keep)
      const at = (file: string): string => join(keep, name, file)
      const verify = ['verify', '--target', at('survivor.raw'), '--log', at('run.log'), '--no-exhibits', '--json']
      const { stdout } = await place.run(verify)
      assert.doesNotMatch(stdout, /exhibits/)
      const verdict = openSync(at('verdict.json'), 'w')
      writeSync(verdict, stdout)
      closeSync(verdict)
      const told = await place.run(['explain', number, '--log', at('run.log'), '--verdict', at('verdict.json')])
      assert.match(
        told.stdout,
        /No bytes of sector \d+ were kept with this verdict\. To see them: explain with --target/,
      )
      truncateSync(at('run.log'), statSync(at('run.log')).size - 1)
      const cutShort = await place.run(['explain', number, '--log', at('run.log'), '--verdict', at('verdict.json')])
      assert.equal(cutShort.status, 64)
      assert.match(cutShort.stderr, /run\.log ends at [\d.]+ ms of the run, the log that was verified at [\d.]+ ms/)
    })
  })

  it('refuses what names no run, no source, two sources, or no finding', async () => {
    await inPlace(async (place) => {
      const RUN = '00000000000000aa'
      for (const [args, message] of [
        [['explain'], /RUN got nothing/],
        [['explain', 'w17', '--store', 'sqlite:x'], /RUN got "w17"/],
        [['explain', RUN], /nothing says where the run is kept/],
        [
          ['explain', RUN, '--store', 'sqlite:x', '--collector', 'http://127.0.0.1:1'],
          /--collector and --store exclude each other/,
        ],
        [['explain', RUN, '--log', 'x'], /--log and --verdict go together/],
        [
          ['explain', '1', '--log', 'x', '--verdict', '/nonexistent'],
          /--verdict \/nonexistent does not exist; give what verify --json printed/,
        ],
        [
          ['explain', '1', '--log', 'x', '--verdict', CLI],
          /^plugpull: BAD_OPTION: --verdict \S+ is not JSON; give what verify --json printed\n$/,
        ],
        [['reproduce', RUN, '--store', 'sqlite:x'], /FINDING is missing/],
        [['reproduce', RUN, '1', '--store', 'sqlite:x', '--trials-max', '0'], /--trials-max got "0"/],
      ] as const) {
        const { status, stderr } = await place.run(args)
        assert.equal(status, 64, stderr)
        assert.match(stderr, message)
      }
    })
  })
})

describe('reproduce', () => {
  it('ends with a script that shows the finding again, by the command that it prints', async (t) => {
    await inPlace(async (place) => {
      const store = `sqlite:${join(folderFor(t), 'lab.db')}`
      const { result } = await loop(place, [...SIM, '--fault', 'flip-bit', '--store', store])
      const { run, number } = findingIn(result, 'corrupt')
      const { status, document } = await reproduced(place, [run, number, '--store', store, '--cycles', '5'])
      assert.equal(status, 0)
      assert.deepEqual([document.outcome, document.isMinimal, document.shows.of], ['shown', true, 5])
      // Where the bit flips is left to chance; most sectors of the narrowed region are those of the write.
      assert.ok(document.shows.count >= 3, document.shows.text)
      assert.match(document.script, /^w \d+\+8; flush$/)
      assert.deepEqual([document.example?.finding.kind, document.example?.finding.severity], ['corrupt', 'violation'])
      const again = await pasted(place, document.command)
      assert.equal(again.status, 10, again.stderr)
      const campaign: CampaignResult = JSON.parse(again.stdout)
      assert.ok((campaign.cycles[0]?.verdict?.violations.corrupt ?? 0) > 0, 'the seed that showed it shows it first')
    })
  })

  it('says that it was not shown again, and stays within its bounds', async (t) => {
    await inPlace(async (place) => {
      const store = `sqlite:${join(folderFor(t), 'lab.db')}`
      const { result } = await loop(place, [...SIM, '--fault', 'tear-sector', '--store', store])
      const { run, number } = findingIn(result, 'torn')
      const bounds = ['--trial-cycles', '1', '--trials-max', '1', '--cycles', '2']
      const { status, document } = await reproduced(place, [run, number, '--store', store, ...bounds])
      assert.deepEqual([status, document.outcome, document.trials], [11, 'not-shown', 1])
      assert.deepEqual([document.shows.count, document.shows.of], [0, 1])
    })
  })

  it('shrinks a tear of a real qcow2 image to the published script', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const store = `sqlite:${join(folderFor(t), 'lab.db')}`
      const script = 'w 64+8; w 8+16; flush; w 128+8; w 0+16'
      const image = ['--rig', 'storage-daemon', '--image', 'qcow2-overlay-extl2', '--size', '16M']
      const { result } = await loop(place, [...image, '--script', script, '--store', store])
      const { run, number } = findingIn(result, 'torn')
      const bounds = ['--trial-cycles', '2', '--cycles', '2']
      const { status, document } = await reproduced(place, [run, number, '--store', store, ...bounds])
      assert.equal(status, 0)
      assert.equal(document.script, 'w 8+16; flush; w 0+16')
      assert.deepEqual(
        [document.outcome, document.isMinimal, document.shows.count, document.shows.of],
        ['shown', true, 2, 2],
      )
      assert.deepEqual(document.example?.finding.boundaries, [4096])
    })
  })
})
