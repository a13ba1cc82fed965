#!/usr/bin/env node
// Runs the program. In a checkout it builds first what is not built, or older than its source. An installed package has no
// scripts: it comes built, and nothing is ever written to it.
import { existsSync } from 'node:fs'

const preparation = new URL('../scripts/prepare.mjs', import.meta.url)
if (existsSync(preparation)) (await import(preparation.href)).prepare()
await import('../dist/src/cli.js')
