/** `--webhook` and its companions, checked before the collector starts: a wrong one must not come out at the first violation. */
import { readFileSync } from 'node:fs'
import { messageOf, ProbeError } from '../../core/errors.ts'
import { WEBHOOK_WORDS, type WebhookWord } from './payload.ts'
import type { WebhookOptions } from './webhooks.ts'

export interface WebhookArguments {
  readonly webhook?: string
  readonly webhookSecretFile?: string
  readonly webhookOn?: string
  readonly publicUrl?: string
}

/** `undefined` where no webhook is asked for. Throws BAD_OPTION. */
export function webhookOptionsOf(given: WebhookArguments): WebhookOptions | undefined {
  const publicUrl = given.publicUrl === undefined ? undefined : httpUrl(given.publicUrl, '--public-url')
  if (given.webhook === undefined) {
    const orphan = given.webhookSecretFile === undefined ? undefined : '--webhook-secret-file'
    const named = orphan ?? (given.webhookOn === undefined ? undefined : '--webhook-on')
    if (named !== undefined) throw new ProbeError('BAD_OPTION', `${named} needs --webhook URL, to know where to send`)
    return undefined
  }
  const secret = given.webhookSecretFile === undefined ? undefined : secretIn(given.webhookSecretFile)
  return {
    url: httpUrl(given.webhook, '--webhook'),
    ...(given.webhookOn === undefined ? { on: ['violation'], injected: false } : wordsOf(given.webhookOn)),
    ...(secret === undefined ? {} : { secret }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
  }
}

/** What it got is not told: an address may hold a secret. */
function httpUrl(text: string, option: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new ProbeError('BAD_OPTION', `${option} takes an address that begins with http:// or https://`)
  if (url.username !== '' || url.password !== '')
    throw new ProbeError(
      'BAD_OPTION',
      `${option} takes an address without a user; --webhook-secret-file signs messages`,
    )
  return text
}

const isWord = (word: string): word is WebhookWord => WEBHOOK_WORDS.some((known) => known === word)

const INJECTED = 'injected'

function wordsOf(text: string): Pick<WebhookOptions, 'on' | 'injected'> {
  const words = text.split(',').map((word) => word.trim())
  const on = words.filter(isWord)
  if (on.length === 0 || words.some((word) => !isWord(word) && word !== INJECTED))
    throw new ProbeError(
      'BAD_OPTION',
      `--webhook-on got ${JSON.stringify(text)}; it takes ${WEBHOOK_WORDS.join(' or ')} or both, and ${INJECTED} beside them, with commas between`,
    )
  return { on, injected: words.includes(INJECTED) }
}

function secretIn(path: string): string {
  const secret = readSecret(path).trim()
  if (secret === '') throw new ProbeError('BAD_OPTION', `--webhook-secret-file ${path} is empty`)
  return secret
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ProbeError('BAD_OPTION', `--webhook-secret-file ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
