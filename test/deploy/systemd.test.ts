/** The unit as systemd reads it, and its command line as the agent does. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findProgram, runToolSync } from '../../src/io/process.ts'
import { plugpull, scratchFolder } from '../support/plugpull-process.ts'

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'deploy', 'systemd')
const UNIT = 'plugpull-agent.service'
const unit = readFileSync(join(FOLDER, UNIT), 'utf8')
const dropIn = readFileSync(join(FOLDER, `${UNIT}.d`, 'single-executable.conf'), 'utf8')

/** The last command of a unit, word by word. */
const commandOf = (text: string): readonly string[] =>
  [...text.matchAll(/^ExecStart=(.+)$/gm)].at(-1)?.[1]?.split(' ') ?? []

/** What the example of the configuration sets. */
const environment: Readonly<Record<string, string>> = Object.fromEntries(
  [...readFileSync(join(FOLDER, 'plugpull-agent.env'), 'utf8').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(
    ([, key = '', value = '']) => [key, value],
  ),
)

/** As systemd does: `${NAME}` is one word, `$NAME` as many as it holds. */
function expanded(words: readonly string[]): readonly string[] {
  const valueOf = (name: string): string => environment[name] ?? assert.fail(`plugpull-agent.env does not set ${name}`)
  return words.flatMap((word) => {
    const [, whole, split] = /^\$(?:\{(\w+)\}|(\w+))$/.exec(word) ?? []
    if (whole !== undefined) return [valueOf(whole)]
    return split === undefined ? [word] : valueOf(split).split(' ')
  })
}

test('systemd takes the unit, with and without the drop-in', (t) => {
  if (findProgram('systemd-analyze') === undefined) return t.skip('SKIPPED: systemd-analyze is not installed')
  const folder = scratchFolder(t)
  const path = join(folder, UNIT)
  // Programs must be there to pass; where they are installed is for the machine to say.
  writeFileSync(path, unit.replace('/usr/bin/node', process.execPath))
  const check = (): string => runToolSync('systemd-analyze', ['verify', '--man=no', path]).stderr
  assert.equal(check(), '')
  cpSync(join(FOLDER, `${UNIT}.d`), `${path}.d`, { recursive: true })
  writeFileSync(
    join(`${path}.d`, 'single-executable.conf'),
    dropIn.replace('/usr/local/bin/plugpull', process.execPath),
  )
  assert.equal(check(), '')
  writeFileSync(path, unit.replace('Restart=on-failure', 'Restart=sometimes'))
  assert.match(check(), /restart specifier/, 'the check tells')
})

test('the agent takes the command line', async (t) => {
  const [node, bundle, ...args] = commandOf(unit)
  assert.deepEqual([node, bundle], ['/usr/bin/node', '/usr/local/lib/plugpull/plugpull.cjs'])
  const [program, ...others] = commandOf(dropIn)
  assert.deepEqual([program, others], ['/usr/local/bin/plugpull', args])
  const { status, stderr } = await plugpull(t, ...expanded(args))
  assert.equal(status, 77, stderr)
  assert.match(stderr, /^plugpull: TARGET_MISSING: \/dev\/disk\/by-id\/virtio-plugpull does not exist/m)
})
