// `npm start`: sets up everything and runs the demonstration on a real QCOW2. Options after `--` go to `plugpull demo`.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'
import { PROGRAMS, systemPackages } from './system-packages.mjs'

systemPackages(PROGRAMS.start)
prepare()
const child = spawn(process.execPath, [join(root, 'dist', 'src', 'cli.js'), 'demo', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
// The terminal sends Ctrl-C to both; the demonstration cleans up and ends, and we end with it.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => (signal === 'SIGTERM' ? child.kill(signal) : undefined))
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 70) : 130
})
