import assert from 'node:assert/strict'

/** With --json a command that fails puts one document on stdout: the error. */
export function assertErrorDocument(stdout: string, code: RegExp): void {
  const document: unknown = JSON.parse(stdout)
  assert.ok(typeof document === 'object' && document !== null && 'schema' in document && 'error' in document)
  assert.equal(document.schema, 'plugpull.error/1')
  const { error } = document
  assert.ok(typeof error === 'object' && error !== null && 'code' in error && 'message' in error)
  assert.match(String(error.code), code)
  assert.notEqual(error.message, '')
}
