/** What the agent takes for the baseline must survive a cut by itself. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { establishBaseline } from '../../src/agent/baseline.ts'
import type { AppendOutcome, LogPort } from '../../src/agent/log-port.ts'
import { Uplink } from '../../src/agent/uplink.ts'
import { ManifestFixture } from './manifest-fixture.ts'
