import assert from 'node:assert/strict'
import { it } from 'node:test'
import { BUCKETS, bucketOf, samplesIn } from '../../../bench/writes/buckets.ts'

const SCRIPT = `  41 
\t    7f00cfe419d7 __memmove_avx512_unaligned_erms
\t    7ef900023a38 JS:*fill file:///p/dist/src/core/stamp.js:80:9
\t    7ef900023b38 JS:*#perform file:///p/dist/src/agent/loop.js:124:13

  41 
\t    7f00cfe419d7 __libc_pwrite
\t          152ea2 uv__fs_work
\t    7ef900023b38 JS:*#perform file:///p/dist/src/agent/loop.js:124:13

  40 
\t    7f00cfe419d7 v8::internal::Scavenger::ScavengePage
\t    7ef900023b38 JS:*search /p/node_modules/undici/lib/core/tree.js:91:10

  40 
\t    7ef900023b38 JS:*search /p/node_modules/undici/lib/core/tree.js:91:10

  40 
\t    7ef900023b38 epoll_pwait
`

it('a sample counts for the innermost frame of a known kind', () => {
  const samples = samplesIn(SCRIPT)
  assert.deepEqual(
    samples.map(({ thread }) => thread),
    [41, 41, 40, 40, 40],
  )
  const buckets = samples.map((sample) => bucketOf(sample, 40))
  assert.deepEqual(buckets, [
    'stamps: what is written',
    'fs.writeSync or koffi, and the way to the kernel',
    'garbage collection',
    'main thread: sending them',
    'main thread: other',
  ])
  assert.ok(buckets.every((bucket) => BUCKETS.includes(bucket)))
})
