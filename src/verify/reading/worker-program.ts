/**
 * Where a reading thread finds its program: the file beside this one. scripts/bundle.mjs puts the text of that program in this
 * module's place, so that the bundle is one file, and a single executable works too.
 */
export const WORKER: URL | string = new URL('worker.js', import.meta.url)
