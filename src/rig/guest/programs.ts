/** Programs of the host that go into a guest: each with the shared libraries that it needs, at the paths where its loader looks. */
import { readFileSync, realpathSync } from 'node:fs'
import { findProgram, runToolSync } from '../../io/process.ts'
import type { Entry } from './cpio.ts'

/** The same file, at `path` in the guest. Links are followed. */
export const copied = (source: string, path = source): Entry => ({
  kind: 'file',
  path,
  executable: true,
  bytes: () => readFileSync(source),
})

/** Absolute paths of the shared libraries and the loader, as `ldd` prints them; none for a static program. */
export function librariesOf(program: string): readonly string[] {
  const { stdout } = runToolSync('ldd', [program], { accept: [0, 1] })
  return stdout.split('\n').flatMap((line) => /^\s*(?:\S+ => )?(\/\S+) \(0x/.exec(line)?.[1] ?? [])
}

/** Program and libraries, for those programs that are installed; each file once. */
export function withLibraries(
  programs: readonly { readonly source: string; readonly path: string }[],
): readonly Entry[] {
  const entries = new Map<string, Entry>()
  for (const { source, path } of programs) {
    const real = realpathSync(source)
    entries.set(path, copied(real, path))
    for (const library of librariesOf(real)) entries.set(library, copied(realpathSync(library), library))
  }
  return [...entries.values()]
}

/** Where the host has it, as it goes to /bin of the guest. */
export function installed(name: string): readonly { readonly source: string; readonly path: string }[] {
  const source = findProgram(name)
  return source === undefined ? [] : [{ source, path: `/bin/${name}` }]
}
