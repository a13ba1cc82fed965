/** The job as text, which the guest's init takes apart again with a shell. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jobText } from '../../../src/rig/guest/job.ts'

describe('a guest job', () => {
  test('is one pair a line, arguments in their order', () => {
    const text = jobText({
      disk: '/dev/vda',
      writeCache: 'write through',
      fileSystem: { type: 'xfs', mountOptions: '', fileBytes: 1024 },
      command: ['agent', '--label', 'a=b=', '--script', 'w 8+16; flush'],
    })
    assert.equal(
      text,
      `disk=/dev/vda
filesystem=xfs
mount-options=
file-bytes=1024
write-cache=write through
argument=agent
argument=--label
argument=a=b=
argument=--script
argument=w 8+16; flush
`,
    )
  })

  test('has no line break inside an argument', () => {
    assert.throws(() => jobText({ disk: '/dev/vda', command: ['a\nargument=b'] }), /no line break/)
  })
})
