#!/usr/bin/env node
/** The one entry of an installed program. */
import { plugpull } from './program.ts'
import { runProgram } from './run-program.ts'

await runProgram(plugpull)
