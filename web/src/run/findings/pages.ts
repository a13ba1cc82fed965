/** A long list of findings, asked for by pages as they come into sight; what was asked for once stays. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { getJson, type Refusal } from '../../api.ts'
import { type BriefFinding, type FindingsPage, runPath } from '../documents.ts'

const PAGE = 200

export interface Filter {
  readonly kind: string
  readonly severity: string
}

export interface FindingPages {
  /** Of the first page: counts, and how many the filter lets through. */
  readonly head?: FindingsPage
  readonly refusal?: Refusal
  readonly at: (index: number) => BriefFinding | undefined
  /** Asks for what is missing between these places. */
  readonly need: (from: number, to: number) => void
  readonly retry: () => void
}

/** Pages of one run, filter and version; tells when one has come. */
class Pages {
  head: FindingsPage | undefined
  refusal: Refusal | undefined
  tell: () => void = () => undefined
  /** Of run and verdict, when this was asked. */
  readonly version: string
  readonly #address: string
  readonly #pages = new Map<number, readonly BriefFinding[]>()
  readonly #asked = new Set<number>()

  constructor(address: string, version: string) {
    this.#address = address
    this.version = version
  }

  at(index: number): BriefFinding | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE]
  }

  need(from: number, to: number): void {
    for (let page = Math.floor(from / PAGE); page <= Math.floor(Math.max(from, to - 1) / PAGE); page++)
      void this.#ask(page)
  }

  retry(): void {
    this.refusal = undefined
    this.need(0, 1)
    this.tell()
  }

  async #ask(page: number): Promise<void> {
    if (this.#asked.has(page)) return
    this.#asked.add(page)
    const answer = await getJson<FindingsPage>(`${this.#address}offset=${page * PAGE}&limit=${PAGE}`)
    if (answer.kind === 'refused') {
      this.#asked.delete(page)
      this.refusal = answer.refusal
    } else {
      this.#pages.set(page, answer.value.findings)
      this.head ??= answer.value
    }
    this.tell()
  }
}

/** `version` changes whenever the findings can have changed. */
export function useFindingPages(run: string, { kind, severity }: Filter, version: string): FindingPages {
  const filter = `${kind === '' ? '' : `kind=${kind}&`}${severity === '' ? '' : `severity=${severity}&`}`
  const pages = useMemo(() => new Pages(runPath(run, `/findings?${filter}`), version), [run, filter, version])
  const [shown, show] = useState<{ readonly pages: Pages; readonly count: number }>({ pages, count: 0 })
  useEffect(() => {
    const tell = (): void => show(({ count }) => ({ pages, count: count + 1 }))
    listen(pages, tell)
    pages.need(0, 1)
    return () => listen(pages, () => undefined)
  }, [pages])
  // The head of the filter before stays until the next is there.
  const { head = shown.pages.head, refusal } = pages
  return {
    ...(head === undefined ? {} : { head }),
    ...(refusal === undefined ? {} : { refusal }),
    at: (index) => pages.at(index),
    need: (from, to) => pages.need(from, to),
    retry: () => pages.retry(),
  }
}

function listen(pages: Pages, tell: () => void): void {
  pages.tell = tell
}
