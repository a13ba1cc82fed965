// `npm run trust -- PART`: sets up, then runs one part of the case for the judge (trust/).
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'

prepare()
const program = join(root, 'dist', 'trust', 'cli.js')
const result = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
process.exitCode = result.status ?? 70
