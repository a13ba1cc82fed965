// `npm run check`: types, lint, format and the tests of the pure core. Green at every commit.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'
import { testFiles } from './test-files.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)

/** Types come with the build; then lint and format. Ends the process at the first that fails. */
export function staticChecks() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  step('types', process.execPath, [tsc, '--noEmit', '-p', 'tsconfig.json'])
  step('types of the page', process.execPath, [tsc, '-p', join('web', 'tsconfig.json')])
  step('lint', bin('oxlint'), ['-c', '.oxlintrc.json', '--type-aware', 'src', 'test', 'trust', 'bench', 'web'])
  step('format', bin('prettier'), ['--check', '--log-level', 'warn', '.'])
}

export function step(name, command, args, env = process.env) {
  process.stderr.write(`plugpull: ${name} …\n`)
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env })
  if (result.status === 0) return
  process.stderr.write(`plugpull: ${name} failed\n`)
  process.exit(result.status ?? 1)
}

if (process.argv[1]?.endsWith('check.mjs')) {
  prepare()
  staticChecks()
  step('unit tests', process.execPath, ['--test', '--test-reporter=dot', ...testFiles('core')])
}
