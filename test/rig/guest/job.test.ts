/** The job as text, which the guest's init takes apart again with a shell. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { faultless, mappingOf } from '../../../src/rig/guest/fault.ts'
import { type DeviceMapping, jobText } from '../../../src/rig/guest/job.ts'

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

  test('says what lies between program and disk, and what takes its place when', () => {
    const command = ['agent']
    const lines = (mapping: DeviceMapping): readonly string[] =>
      jobText({ disk: '/dev/vda', mapping, command }).trim().split('\n').slice(1, -1)
    assert.deepEqual(lines(mappingOf('flakey-drop-writes', '/dev/vda')), [
      'mapping=linear /dev/vda 0',
      'mapping-later=1 flakey /dev/vda 0 0 86400 1 drop_writes',
    ])
    assert.deepEqual(lines(mappingOf('flakey-error-writes', '/dev/sda')), [
      'mapping=linear /dev/sda 0',
      'mapping-later=2 flakey /dev/sda 0 0 86400 1 error_writes',
    ])
    assert.deepEqual(lines(mappingOf('log-writes', '/dev/vda')), ['mapping=log-writes /dev/vda /dev/vdb'])
    assert.deepEqual(lines(faultless('/dev/vda')), ['mapping=linear /dev/vda 0'])
  })

  test('has no line break inside an argument', () => {
    assert.throws(() => jobText({ disk: '/dev/vda', command: ['a\nargument=b'] }), /no line break/)
  })
})
