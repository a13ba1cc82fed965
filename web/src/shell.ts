/** Commands for users to take along, as a shell takes them. */

/** As one word. */
export const shellWord = (text: string): string =>
  /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

/** Verifies a run at the path that its agent wrote to; the target is another one where it is read elsewhere. */
export const verifyCommand = ({ run, target }: { readonly run: string; readonly target: string }): string =>
  `plugpull verify --target ${target === '' ? 'DEVICE' : shellWord(target)} --run ${run} --collector ${location.origin}`
