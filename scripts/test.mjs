// `npm test`: sets up, checks types, lint and format, then runs all tests and says loudly what was skipped.
// `npm test -- core verify` runs those folders alone.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { staticChecks } from './check.mjs'
import { guestKernels } from './guest-kernel.mjs'
import { prepare, root } from './prepare.mjs'
import { PROGRAMS, systemPackages } from './system-packages.mjs'
import { testFiles } from './test-files.mjs'

const complete = systemPackages(PROGRAMS.test)
prepare()
await guestKernels(['virtio-blk', 'ahci'])
staticChecks()
const folders = process.argv.slice(2)
const files = folders.length === 0 ? testFiles() : folders.flatMap((folder) => testFiles(folder))
const scratch = mkdtempSync(join(tmpdir(), 'pp-test-'))
const tap = join(scratch, 'tap')
const reporters = [
  '--test-reporter=spec',
  '--test-reporter-destination=stdout',
  '--test-reporter=tap',
  `--test-reporter-destination=${tap}`,
]
const result = spawnSync(process.execPath, ['--test', '--test-concurrency=2', ...reporters, ...files], {
  cwd: root,
  stdio: 'inherit',
})
const skipped = readFileSync(tap, 'utf8')
  .split('\n')
  .filter((line) => /^\s*ok .* # SKIP/.test(line))
rmSync(scratch, { recursive: true, force: true })
if (skipped.length > 0)
  process.stdout.write(
    `\nSKIPPED, and so NOT shown to work on this machine:\n${skipped.map((line) => line.trim()).join('\n')}\n`,
  )
if (!complete)
  process.stdout.write('\nSystem packages are missing (see above): the tests that need them did not run.\n')
process.exitCode = result.status ?? 1
