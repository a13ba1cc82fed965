/** Webhooks: paced by campaign, signed, tried again where that helps, and never in the way of a verdict. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type DeliveryLimits, deliver } from '../../src/collector/webhook/deliver.ts'
import { type Digest, Digester } from '../../src/collector/webhook/digest.ts'
import { webhookOptionsOf } from '../../src/collector/webhook/options.ts'
import { bodyOf, type Notice, noticeOf, worstOf } from '../../src/collector/webhook/payload.ts'
import { signatureOf } from '../../src/collector/webhook/signature.ts'
import { QUEUE_MAX, Webhooks, type WebhookWatcher } from '../../src/collector/webhook/webhooks.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import {
  lossyVerdict,
  runId,
  sampleManifest,
  sampleVerdict,
  scratch,
  spawnCollector,
  wholeManifest,
} from './helpers.ts'
import { startReceiver, status } from './webhook-receiver.ts'

const AT = '2026-01-01T00:00:00.000Z'

const notice = (
  n: number,
  campaign = 'nightly',
  verdict: Notice['verdict'] = 'violation',
  labels: Record<string, string> = {},
): Notice =>
  noticeOf(
    AT,
    { campaign, manifest: wholeManifest(runId(n), campaign, labels) },
    1,
    sampleVerdict(runId(n), { verdict }),
  )

describe('pacing', () => {
  /** A digester and the clock in the test's hands. */
  function paced() {
    const sent: Digest[] = []
    const due: (() => void)[] = []
    const digester = new Digester(
      (digest) => sent.push(digest),
      (work) => {
        due.push(work)
        return { cancel: () => undefined }
      },
    )
    return { sent, digester, pass: () => due.splice(0).forEach((work) => work()) }
  }

  test('the first rings at once, a thousand more ring once a minute with their count', () => {
    const { sent, digester, pass } = paced()
    digester.add(notice(1))
    assert.deepEqual(
      sent.map(({ counts }) => counts),
      [{ violation: 1, inconclusive: 0 }],
    )
    digester.add(notice(2, 'nightly', 'inconclusive'))
    for (let n = 3; n < 1000; n++) digester.add(notice(n))
    digester.add(notice(5000, 'other'))
    assert.equal(sent.length, 2)
    pass()
    assert.deepEqual(sent[2]?.counts, { violation: 997, inconclusive: 1 })
    const digest = sent[2] ?? assert.fail('nothing')
    assert.equal(bodyOf(digest.notices, digest.counts, undefined).run, runId(3))
    pass()
    assert.equal(sent.length, 3)
    digester.add(notice(1001))
    assert.equal(sent.length, 4)
  })

  test('what waits at the end is sent', () => {
    const { sent, digester } = paced()
    digester.add(notice(1))
    digester.add(notice(2))
    digester.end()
    assert.deepEqual(
      sent.map(({ counts }) => counts.violation),
      [1, 1],
    )
  })
})

describe('the message', () => {
  test('tells the worst finding and where to look', () => {
    const verdict = lossyVerdict(runId(7))
    const [hazard = assert.fail('none')] = verdict.findings
    const violation = { ...hazard, severity: 'violation', explanation: 'write 9 is gone' } as const
    assert.equal(worstOf([hazard, violation])?.finding, 2)
    assert.equal(worstOf([]), undefined)
    const told = noticeOf(AT, { campaign: 'nightly', manifest: wholeManifest(runId(7)) }, 3, {
      ...verdict,
      verdict: 'violation',
      findings: [hazard, violation],
    })
    const body = bodyOf([told], { violation: 1, inconclusive: 0 }, 'https://lab.example/plugpull/')
    assert.equal(body.schema, 'plugpull.webhook/1')
    assert.equal(body.link, `https://lab.example/plugpull/runs/${runId(7)}?finding=2`)
    assert.equal(body.worst?.explanation, 'write 9 is gone')
    assert.deepEqual(body.stands, { verdicts: 1, violation: 1, inconclusive: 0, from: AT, to: AT })
    assert(!('link' in bodyOf([told], { violation: 1, inconclusive: 0 }, undefined)))
  })

  test('is signed over its time and its bytes', () => {
    const hmac = createHmac('sha256', 'secret').update('1700000000.{"a":1}').digest('hex')
    assert.equal(signatureOf('secret', 1_700_000_000, '{"a":1}'), `t=1700000000,v1=${hmac}`)
  })
})

describe('delivery', () => {
  const LIMITS: DeliveryLimits = { tryMs: 10_000, waitsMs: [1, 2, 3] }
  const never = new AbortController().signal

  async function tried(t: TestContext, answer: Parameters<typeof startReceiver>[1], limits = LIMITS) {
    const receiver = await startReceiver(t, answer)
    const waits: number[] = []
    const sleep = async (ms: number): Promise<void> => void waits.push(ms)
    const outcome = await deliver({ url: `${receiver.url}/secret-path` }, 'id-1', '{}', limits, sleep, never)
    return { outcome, waits, received: receiver.received }
  }

  test('a receiver that is out of order for a while gets it in the end', async (t) => {
    const { outcome, waits, received } = await tried(t, status(500, 429, 204))
    assert.deepEqual([outcome, waits], [{ kind: 'delivered', tries: 3 }, [1, 2]])
    assert.deepEqual(
      received.map(({ headers }) => headers['plugpull-delivery']),
      ['id-1', 'id-1', 'id-1'],
    )
  })

  test('one that stays so is given up', async (t) => {
    const { outcome, received } = await tried(t, status(503))
    assert.deepEqual(outcome, { kind: 'failed', tries: 4, why: 'answered 503' })
    assert.equal(received.length, 4)
  })

  test('one that does not answer is waited for so long and no longer', async (t) => {
    const { outcome } = await tried(t, () => undefined, { tryMs: 50, waitsMs: [1] })
    assert.deepEqual(outcome, { kind: 'failed', tries: 2, why: 'no answer within 50 ms' })
  })

  test('a redirect is not followed, and a refusal not tried again', async (t) => {
    const other = await startReceiver(t, status(200))
    const redirect = await tried(t, (response) => response.writeHead(307, { location: other.url }).end())
    assert.deepEqual([redirect.outcome.kind, redirect.received.length, other.received.length], ['failed', 1, 0])
    const refused = await tried(t, status(401))
    assert.deepEqual(refused.outcome, { kind: 'failed', tries: 1, why: 'answered 401' })
  })

  test('where nobody listens, that is said without the address', async (t) => {
    const gone = await startReceiver(t, status(200))
    const { port } = new URL(gone.url)
    const url = `http://127.0.0.1:${port === '1' ? 2 : 1}/secret-path`
    const outcome = await deliver({ url }, 'id', '{}', { tryMs: 1000, waitsMs: [] }, async () => undefined, never)
    assert.deepEqual(outcome, { kind: 'failed', tries: 1, why: 'ECONNREFUSED' })
  })
})

describe('the queue', () => {
  interface Ends {
    readonly ended: string[]
    readonly logged: string[]
    readonly watcher: WebhookWatcher
    readonly logger: ConstructorParameters<typeof Webhooks>[1]['logger']
  }
  function ends(): Ends {
    const ended: string[] = []
    const logged: string[] = []
    const log = (facts: unknown, message?: string): void => void logged.push(`${JSON.stringify(facts)} ${message}`)
    return {
      ended,
      logged,
      watcher: { ended: (outcome) => void ended.push(outcome), waiting: () => undefined },
      logger: { info: log, warn: log },
    }
  }

  test('a verdict that is told twice rings once, of another word or of a disk that was told to lie not at all', async (t) => {
    const receiver = await startReceiver(t, status(200))
    const { ended, watcher, logger } = ends()
    const webhooks = new Webhooks(
      { url: receiver.url, on: ['violation'], injected: false },
      { logger, watcher, digestMs: 1 },
    )
    webhooks.verdictAdded(notice(1))
    webhooks.verdictAdded(notice(1))
    webhooks.verdictAdded(notice(2, 'nightly', 'inconclusive'))
    webhooks.verdictAdded(notice(3, 'nightly', 'held'))
    webhooks.verdictAdded(notice(4, 'liars', 'violation', { fault: 'drop-flush' }))
    webhooks.verdictAdded(notice(5, 'control', 'violation', { cache: 'unsafe', control: 'yes' }))
    await webhooks.end()
    assert.deepEqual([receiver.received.length, ended], [1, ['delivered']])
    const all = new Webhooks({ url: receiver.url, on: ['violation'], injected: true }, { logger, watcher })
    all.verdictAdded(notice(4, 'liars', 'violation', { fault: 'drop-flush' }))
    await all.end()
    assert.equal(JSON.parse(receiver.received[1]?.text ?? '').setup.fault, 'drop-flush')
  })

  test('is bounded, and neither path nor secret is logged', async (t) => {
    const receiver = await startReceiver(t, status(400))
    const { ended, logged, watcher, logger } = ends()
    const options = {
      url: `${receiver.url}/T0P/s3cr3t`,
      secret: 'hush-hush',
      on: ['violation'],
      injected: false,
    } as const
    const webhooks = new Webhooks(options, { logger, watcher })
    for (let n = 0; n <= QUEUE_MAX; n++) webhooks.verdictAdded(notice(n + 1, `campaign ${n}`))
    await webhooks.end()
    assert.deepEqual(ended, ['dropped', ...Array.from({ length: QUEUE_MAX }, () => 'failed')])
    assert.equal(logged.length, QUEUE_MAX + 1)
    assert.doesNotMatch(logged.join('\n'), /s3cr3t|hush-hush/)
  })
})

test('options are checked before the start', (t) => {
  const file = join(scratch(t), 'secret')
  writeFileSync(file, 'hush\n')
  const url = 'https://hooks.example/x'
  assert.deepEqual(webhookOptionsOf({}), undefined)
  assert.deepEqual(webhookOptionsOf({ webhook: url }), { url, on: ['violation'], injected: false })
  assert.deepEqual(
    webhookOptionsOf({
      webhook: url,
      webhookSecretFile: file,
      webhookOn: 'violation, inconclusive,injected',
      publicUrl: 'http://lab',
    }),
    { url, on: ['violation', 'inconclusive'], injected: true, secret: 'hush', publicUrl: 'http://lab' },
  )
  writeFileSync(`${file}.empty`, '\n')
  for (const [given, message] of [
    [{ webhook: 'ftp://x' }, /--webhook takes an address that begins with http/],
    [{ webhook: 'https://user:pw@x' }, /--webhook takes an address without a user/],
    [{ webhook: url, webhookOn: 'held' }, /--webhook-on got "held"; it takes violation or inconclusive/],
    [{ webhook: url, webhookOn: 'injected' }, /--webhook-on got "injected"/],
    [{ webhook: url, webhookSecretFile: `${file}.absent` }, /--webhook-secret-file .*absent cannot be read/],
    [{ webhook: url, webhookSecretFile: `${file}.empty` }, /is empty/],
    [{ webhookOn: 'violation' }, /--webhook-on needs --webhook URL/],
    [{ webhookSecretFile: file }, /--webhook-secret-file needs --webhook URL/],
    [{ publicUrl: 'lab' }, /--public-url takes an address/],
  ] as const)
    assert.throws(() => webhookOptionsOf(given), message)
})

test('a collector answers for a verdict while the receiver hangs, and sends it with a signature', async (t) => {
  const folder = scratch(t)
  const secret = join(folder, 'secret')
  writeFileSync(secret, 'hush')
  const receiver = await startReceiver(t, () => undefined)
  const collector = await spawnCollector(t, `sqlite:${join(folder, 'store.db')}`, [
    '--webhook',
    `${receiver.url}/hook`,
    '--webhook-secret-file',
    secret,
    '--public-url',
    'https://lab.example',
  ])
  let log = ''
  collector.child.stderr?.on('data', (text: string) => (log += text))
  const client = new CollectorClient(collector.url)
  t.after(() => client.close())
  const run = runId(1)
  await client.createRun(run, 'nightly', sampleManifest(run, 'nightly'))
  // Answered though nothing ever answers the webhook.
  assert.equal(await client.publishVerdict(run, { ...lossyVerdict(run), verdict: 'violation' }), 1)
  assert.equal(await client.publishVerdict(run, { ...lossyVerdict(run), verdict: 'violation' }), 1)
  await receiver.until(1)
  const [{ path, headers, text } = assert.fail('nothing came')] = receiver.received
  const [, seconds, hmac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['plugpull-signature'])) ?? []
  assert.equal(hmac, createHmac('sha256', 'hush').update(`${seconds}.${text}`).digest('hex'))
  const body = JSON.parse(text)
  assert.deepEqual(
    [path, body.schema, body.campaign, body.run, body.number, body.verdict, body.stands.verdicts],
    ['/hook', 'plugpull.webhook/1', 'nightly', run, 1, 'violation', 1],
  )
  assert.equal(body.link, `https://lab.example/runs/${run}?finding=1`)
  assert.equal(headers['plugpull-delivery'], body.id)
  // It ends though the receiver still hangs.
  const ended = once(collector.child, 'exit')
  collector.child.kill('SIGTERM')
  const [code] = await ended
  assert.equal(code, 0)
  assert.match(log, /webhook failed/)
  assert.doesNotMatch(log, /hush|\/hook/)
})
