/**
 * The files of the page, as Vite left them in dist/web: read once, kept in memory with their types, tags and compressed
 * forms. What is not in this list cannot be asked for, whatever path a request makes up.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { errnoOf } from '../../core/errors.ts'

export interface PageFile {
  readonly type: string
  readonly bytes: Buffer
  readonly gzipped: Buffer
  /** A strong validator, quoted. */
  readonly etag: string
}

export interface PageFiles {
  /** The document, whose addresses of files begin with `./`. */
  readonly index: string
  /** By name within `assets/`; each name carries a digest of its contents. */
  readonly assets: ReadonlyMap<string, PageFile>
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.woff2': 'font/woff2',
}

/** From dist/src/collector/http to dist/web. */
const FOLDER = fileURLToPath(new URL('../../../web', import.meta.url))

/** `undefined` where the page was never built. */
export function readPageFiles(folder: string = FOLDER): PageFiles | undefined {
  try {
    const names = readdirSync(join(folder, 'assets'))
    return {
      index: readFileSync(join(folder, 'index.html'), 'utf8'),
      assets: new Map(
        names.map((name) => [name, pageFile(readFileSync(join(folder, 'assets', name)), TYPES[extname(name)])]),
      ),
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

export function pageFile(bytes: Buffer, type = 'application/octet-stream'): PageFile {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  return { type, bytes, gzipped: gzipSync(bytes, { level: 9 }), etag }
}
