/** The key of a run: made by its agent, sent with the creation and with every append, kept by the collector as a hash only. */
import { randomBytes } from 'node:crypto'

/** 256 random bits behind a prefix that scanners for secrets, and the collector's log, know it by. */
export const newRunKey = (): string => `pp_k_${randomBytes(32).toString('base64url')}`
