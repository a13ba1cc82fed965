#!/usr/bin/env node
// Runs the program from the checkout: builds it first where it is not built, or where a source is newer than the build.
import { prepare } from '../scripts/prepare.mjs'

prepare({ quiet: true })
await import('../dist/src/cli.js')
