/** Where the analyst's thread finds its program: the file beside this one. */
export const ANALYST: URL = new URL('analyst-worker.js', import.meta.url)
