/**
 * What the documents list is what the code has. `PLUGPULL_UPDATE_DOCS=1 npm test -- docs` writes the generated parts anew.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Command } from 'commander'
import { ERRORS, EXIT } from '../../src/core/errors.ts'
import { VERSION } from '../../src/core/version.ts'
import { WORKLOADS } from '../../src/core/workload/registry.ts'
import { plugpull } from '../../src/program.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const HELP_WIDTH = 110

function helpOf(command: Command): string {
  let text = ''
  command.configureHelp({ helpWidth: HELP_WIDTH })
  command.configureOutput({ writeOut: (piece) => (text += piece), getOutHelpWidth: () => HELP_WIDTH })
  command.outputHelp()
  return text.trimEnd()
}

const sectionOf = (mark: string, name: string, command: Command): string =>
  `${mark} plugpull ${name}\n\n\`\`\`\n${helpOf(command)}\n\`\`\`\n`

async function cliDocument(): Promise<string> {
  const program = await plugpull()
  const parts = program.commands.flatMap((command) => [
    sectionOf('##', command.name(), command),
    ...command.commands.map((part) => sectionOf('###', `${command.name()} ${part.name()}`, part)),
  ])
  return `# The command line

Every command prints this with \`--help\`. Logs and progress go to stderr; with \`--json\` exactly one JSON document goes to
stdout: the result, or \`{"schema":"plugpull.error/1","error":{"code","message"}}\`. Errors are one line on stderr,
\`plugpull: CODE: what, and the way out\`; ERRORS.md lists the codes.

${parts.join('\n')}`
}

function errorDocument(): string {
  const rows = Object.entries(ERRORS).map(([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${meaning} |`)
  const statuses: Readonly<Record<string, string>> = {
    held: 'the command did what was asked; for verify and loop: held',
    violation: 'the device broke its promise',
    inconclusive: 'the evidence cannot acquit',
    usage: 'an option, a script, a run or a log is not right',
    unavailable: 'the collector, the store or the rig is not available, or a wait reached its limit',
    internal: 'a fault of the program',
    io: 'the target or the log failed a read or write',
    refused: 'the target was refused; nothing was written to it',
    interrupted: 'stopped by Ctrl-C or SIGTERM',
  }
  const exits = Object.entries(EXIT).map(([name, status]) => `| ${status} | ${statuses[name] ?? assert.fail(name)} |`)
  return `# Exit statuses and error codes

| status | meaning |
| --- | --- |
${exits.join('\n')}

| code | status | meaning |
| --- | --- | --- |
${rows.join('\n')}
`
}

/** Compared without the padding that the formatter puts into tables. */
const plain = (text: string): string => text.replaceAll(/-{3,}/g, '---').replaceAll(/ +/g, ' ').trim()

function holdEqual(name: string, made: string): void {
  const path = join(root, 'docs', name)
  if (process.env['PLUGPULL_UPDATE_DOCS'] === '1') writeFileSync(path, made)
  const [written, current] = [readFileSync(path, 'utf8'), made].map((text) => plain(text).split('\n'))
  const differs = current?.findIndex((line, i) => line !== written?.[i]) ?? -1
  const where = `docs/${name} is not what the code has, from ${JSON.stringify(current?.[differs])}`
  assert.ok(differs < 0 && written?.length === current?.length, where)
}

describe('documents', () => {
  test('CLI.md holds the help of every command', async () => holdEqual('CLI.md', await cliDocument()))
  test('ERRORS.md holds every code and exit status', () => holdEqual('ERRORS.md', errorDocument()))
  test('every help names an example and its exit statuses', async () => {
    const { commands } = await plugpull()
    for (const command of commands.flatMap((one) => [one, ...one.commands])) {
      const help = helpOf(command)
      assert.match(help, /Example/i, command.name())
      assert.match(help, /Exit status/i, command.name())
    }
  })
  test('the version is that of package.json', () => {
    const parsed: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    assert.ok(typeof parsed === 'object' && parsed !== null && 'version' in parsed)
    assert.equal(parsed.version, VERSION)
  })
  test('every workload stands in the help of the agent', async () => {
    const { commands } = await plugpull()
    const agent = commands.find((command) => command.name() === 'agent')
    assert.ok(agent)
    for (const { name } of WORKLOADS) assert.ok(helpOf(agent).includes(name), name)
  })
  test('FORMAT.md and MODEL.md name the contracts and the files they speak of', () => {
    const model = readFileSync(join(root, 'docs', 'MODEL.md'), 'utf8')
    for (const word of ['volatile', 'write-through', 'ordered', 'virtio-strict', 'atomic=N'])
      assert.ok(model.includes(`\`${word}\``), word)
  })
})
