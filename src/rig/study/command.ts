/** `plugpull study NAME`: the campaigns of a study run, and its page, figure and data written. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { type RawOptions, wholeOf } from '../../core/agent-options.ts'
import { EXIT, ProbeError, messageOf } from '../../core/errors.ts'
import { formatMs } from '../../core/size.ts'
import { monotonicMs } from '../../io/clock.ts'
import { exitStatusHelp } from '../../io/help.ts'
import { withInterrupt } from '../../io/interrupt.ts'
import { withScratch } from '../../io/scratch.ts'
import { startCollector, thisProgram } from '../children.ts'
import { STUDY_SCHEMA, type StudyData, dataText, parseStudyData } from './data.ts'
import { figuresOf } from './figures.ts'
import { machineFacts } from './machine-facts.ts'
import { pageOf } from './page.ts'
import { STUDIES, studyNamed } from './registry.ts'
import { type StudyPlan, planOf, runStudy } from './run.ts'
import type { Study } from './study.ts'

const CYCLES_MAX = 10_000
const JOBS_MAX = 64
const OUTPUT_DEFAULT = 'docs/studies'

const EXAMPLE = `
  plugpull study qcow2-cache
  plugpull study sleep --quick --output /tmp/studies`

/** The command for the CLI. */
export function studyCommand(): Command {
  return new Command('study')
    .description('Runs the campaigns that answer a question, and writes a page of figures')
    .argument('<name>', `one of those below`)
    .option('--quick', 'few cycles at few points: to see that it works')
    .option('--cycles <n>', 'cycles at each point (default: as the study says below)')
    .option('--jobs <n>', 'cycles side by side (default: as the study says below)')
    .option('--output <folder>', `where NAME.md, NAME.svg and NAME.json are written (default: ${OUTPUT_DEFAULT})`)
    .option('--from-data', 'run nothing: write page and figure anew from NAME.json in that folder')
    .option('--json', 'the data as one JSON document on stdout (plugpull.study/1)')
    .option('--quiet', 'no line per cycle')
    .addHelpText('after', studiesHelp())
    .addHelpText(
      'after',
      exitStatusHelp(EXAMPLE, [
        EXIT.held,
        EXIT.inconclusive,
        EXIT.usage,
        EXIT.unavailable,
        EXIT.internal,
        EXIT.io,
        EXIT.interrupted,
      ]),
    )
    .action(async (name: string, raw: RawOptions) => {
      process.exitCode = await study(studyNamed(name), raw)
    })
}

function studiesHelp(): string {
  const lines = STUDIES.map(({ name, title, cycles, panels, jobs }) => {
    const points = panels.reduce((sum, panel) => sum + panel.points.length, 0)
    return `  ${name.padEnd(14)} ${title} (${points} points of ${cycles} cycles, ${jobs} at a time)`
  })
  return ['', 'Studies:', ...lines].join('\n')
}

async function study(chosen: Study, raw: RawOptions): Promise<number> {
  const folder = outputFolder(typeof raw['output'] === 'string' ? raw['output'] : OUTPUT_DEFAULT)
  const file = (ending: string): string => join(folder, `${chosen.name}.${ending}`)
  const data = raw['fromData'] === true ? parseStudyData(read(file('json')), file('json')) : await run(chosen, raw)
  const text = dataText(data)
  const { markdown, svg } = pageOf(chosen, data)
  write(file('json'), text)
  write(file('svg'), svg)
  write(file('md'), markdown)
  const figures = data.points.map(figuresOf)
  process.stdout.write(raw['json'] === true ? text : `\n${chosen.answer(figures)}\n\n${file('md')}\n`)
  return figures.every(({ n }) => n > 0) ? EXIT.held : EXIT.inconclusive
}

function run(chosen: Study, raw: RawOptions): Promise<StudyData> {
  const quick = raw['quick'] === true
  const plan = planOf(chosen, {
    quick,
    cycles: countOf(raw, 'cycles', CYCLES_MAX) ?? (quick ? chosen.quickCycles : chosen.cycles),
    jobs: countOf(raw, 'jobs', JOBS_MAX) ?? chosen.jobs,
  })
  return measured(chosen, plan, raw)
}

function measured(chosen: Study, plan: StudyPlan, raw: RawOptions): Promise<StudyData> {
  const stream = raw['json'] === true ? process.stderr : process.stdout
  const say = (line: string): void => {
    if (raw['quiet'] !== true) stream.write(`${line}\n`)
  }
  return withInterrupt((signal) =>
    withScratch('study', async (scratch) => {
      const collector = await startCollector(thisProgram(), scratch, `sqlite:${scratch.file('collector.db')}`)
      try {
        const started = monotonicMs()
        const points = await runStudy(plan, { collector, signal, say })
        const durationMs = Math.round(monotonicMs() - started)
        say(`${points.length} points after ${formatMs(durationMs)}`)
        return {
          schema: STUDY_SCHEMA,
          study: chosen.name,
          command: `plugpull study ${chosen.name} --cycles ${plan.cycles} --jobs ${plan.jobs}${raw['quick'] === true ? ' --quick' : ''}`,
          date: new Date().toISOString().slice(0, 10),
          durationMs,
          machine: await machineFacts(chosen.programs),
          points,
        }
      } finally {
        await collector.stop()
      }
    }),
  )
}

function countOf(raw: RawOptions, key: string, most: number): number | undefined {
  const value = raw[key]
  return typeof value === 'string' ? wholeOf(value, `--${key}`, most) : undefined
}

/** Made before anything is measured: to find out afterwards would be a pity. */
function outputFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true })
    return path
  } catch (error) {
    throw new ProbeError('OUTPUT_IO', `--output ${path} cannot be made: ${messageOf(error)}`, { cause: error })
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ProbeError('OUTPUT_IO', `${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(`${path}.part`, text)
    renameSync(`${path}.part`, path)
  } catch (error) {
    throw new ProbeError('OUTPUT_IO', `${path} cannot be written: ${messageOf(error)}`, { cause: error })
  }
}
