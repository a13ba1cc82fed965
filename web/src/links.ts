/** Addresses of views, made in one place. */
import { addressOf } from './base.ts'

const queryOf = (query: Readonly<Record<string, string | undefined>>): string => {
  const set = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return set.length === 0 ? '' : `?${new URLSearchParams(set).toString()}`
}

export const campaignLink = (campaign: string, query: Readonly<Record<string, string | undefined>> = {}): string =>
  addressOf(`/campaigns/${encodeURIComponent(campaign)}${queryOf(query)}`)

export const runLink = (run: string, query: Readonly<Record<string, string | undefined>> = {}): string =>
  addressOf(`/runs/${encodeURIComponent(run)}${queryOf(query)}`)

export const campaignsLink = (query: Readonly<Record<string, string | undefined>> = {}): string =>
  addressOf(`/campaigns${queryOf(query)}`)

export const matrixLink = (query: Readonly<Record<string, string | undefined>> = {}): string =>
  addressOf(`/${queryOf(query)}`)
