/**
 * Where the page lies: the folder above its scripts. A proxy may serve the collector below any path, so addresses of views and of the
 * API are made from here and never begin with a bare slash.
 */
const script: string = import.meta.url

/** Ends with a slash: `https://host/plugpull/`. */
const BASE: URL = new URL('../', script)

/** `/runs/1` → what an `href` or a request takes: `/plugpull/runs/1`. */
export const addressOf = (path: string): string => BASE.pathname.slice(0, -1) + path

/** The address of a view without the prefix, or `undefined` where it is not one of ours. */
export function pathBelow(pathname: string): string | undefined {
  return pathname.startsWith(BASE.pathname) ? pathname.slice(BASE.pathname.length - 1) : undefined
}
