/** The subjects, in the order of the page. */
import type { MemorySubject } from './subject.ts'
import { AGENTS } from './subjects/agent.ts'
import { COLLECTOR } from './subjects/collector.ts'
import { VERIFIER } from './subjects/verifier.ts'

export const SUBJECTS: readonly MemorySubject[] = [...AGENTS, VERIFIER, COLLECTOR]
