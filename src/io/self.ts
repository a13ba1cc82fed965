/**
 * This very program, run again the way its user ran it: Node with the same entry, which may be the file of a bundle, or the single
 * executable that holds both. And what it said as it ended: every command of ours ends in error with `plugpull: CODE: message`.
 */
import { isSea } from 'node:sea'
import { ERRORS, type ErrorCode, ProbeError } from '../core/errors.ts'

export interface Invocation {
  readonly program: string
  /** Arguments ahead of the command's name. */
  readonly before: readonly string[]
}

export function ownInvocation(): Invocation {
  const [, entry] = process.argv
  if (isSea()) return { program: process.execPath, before: [] }
  if (entry === undefined) throw new ProbeError('INTERNAL', 'the entry of the program is not known')
  return { program: process.execPath, before: [...process.execArgv, entry] }
}

/** The error that a command of ours said on standard error, if it did. */
export function errorSaid(stderr: string): { readonly code: ErrorCode; readonly message: string } | undefined {
  const [, code = '', message = ''] = /^plugpull: ([A-Z_]+): (.*)$/m.exec(stderr) ?? []
  return isErrorCode(code) ? { code, message } : undefined
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code)
