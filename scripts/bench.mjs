// `npm run bench -- NAME`: sets up, then runs bench/NAME/main.ts, which measures side by side with a peer.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'
import { PROGRAMS, systemPackages } from './system-packages.mjs'

const [name = '', ...rest] = process.argv.slice(2)
const names = readdirSync(join(root, 'bench'), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)
if (name === '--help' || name === '-h') {
  process.stdout.write(
    `Usage: npm run bench -- NAME [options]\n\nBenches: ${names.join(', ')}\n\nOptions of one: npm run bench -- NAME --help\n`,
  )
  process.exit(0)
}
systemPackages(PROGRAMS.bench)
prepare()
const program = join(root, 'dist', 'bench', name, 'main.js')
if (name === '' || !existsSync(program)) {
  process.stderr.write(`plugpull: npm run bench -- NAME takes one of: ${names.join(', ')}\n`)
  process.exitCode = 64
} else {
  const result = spawnSync(process.execPath, [program, ...rest], { cwd: root, stdio: 'inherit' })
  process.exitCode = result.status ?? 70
}
