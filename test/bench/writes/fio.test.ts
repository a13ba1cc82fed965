import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fioArguments, fioFigures } from '../../../bench/writes/fio.ts'
import { MATCHES } from '../../../bench/writes/jobs.ts'

it('the figures of fio are read from its JSON, whatever it says before', () => {
  const job = { error: 0, job_runtime: 4000, usr_cpu: 10, sys_cpu: 25, write: { iops: 100_000, total_ios: 200_000 } }
  const figures = fioFigures(`fio: a note\n${JSON.stringify({ jobs: [job] })}`)
  assert.deepEqual(figures, { perSecond: 100_000, userUs: 2, systemUs: 5 })
  assert.throws(() => fioFigures(JSON.stringify({ jobs: [{ ...job, error: 5 }] })), /wrote nothing/)
})

it('fio and the agent are given the same depth and the same flushes', () => {
  for (const { job, peers } of MATCHES)
    for (const peer of peers) {
      const args = fioArguments(peer, job, '/dev/null', 2 ** 20)
      assert.ok(args.includes(peer.engine === 'psync' ? `--numjobs=${job.depth}` : `--iodepth=${job.depth}`))
      assert.equal(args.includes(`--fdatasync=${job.flushEvery}`), job.flushEvery > 0)
    }
})
