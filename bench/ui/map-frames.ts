/**
 * How smoothly the block map zooms and pans: a mouse on its middle turns the wheel until one block fills it, drags it about half
 * way, and turns back to the whole device. The page measures each frame that it draws (`performance.measure('map-frame')`); beside
 * it, the time between the browser's own frames is taken, which is what an eye would see.
 */
import type { Page } from 'playwright-core'
import { sleepMs } from '../../src/io/clock.ts'
import { refuse } from './first-view.ts'

export const FRAME_MEASURE = 'map-frame'
const WHEEL = 240
/** More than enough turns from four million blocks to one. */
const TURNS_MAX = 400
/** So many turns without a frame drawn: it goes no further. */
const STILL_TURNS = 6
/** The address follows when the hand rests. */
const REST_MS = 600
const DRAG_STEPS = 60

export interface MapFrames {
  /** What the page took to draw each frame, in their order. */
  readonly drawMs: readonly number[]
  /** Between one frame of the browser and the next, while it was zoomed and dragged. */
  readonly betweenMs: readonly number[]
  /** Turns of the wheel to one block, and where that was in the address. */
  readonly turns: number
  readonly nearest: string
}

const START = `
  performance.clearMeasures(${JSON.stringify(FRAME_MEASURE)})
  window.benchFrames = []
  window.benchRunning = true
  const tick = (before) => (now) => {
    window.benchFrames.push(now - before)
    if (window.benchRunning) requestAnimationFrame(tick(now))
  }
  requestAnimationFrame((now) => requestAnimationFrame(tick(now)))`

const STOP = `(() => {
  window.benchRunning = false
  return {
    drawMs: performance.getEntriesByName(${JSON.stringify(FRAME_MEASURE)}, 'measure').map(({ duration }) => duration),
    betweenMs: window.benchFrames,
  }
})()`

const NEXT_FRAME = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))'

/** By the name that a screen reader says. */
const MAP = `(() => {
  const canvas = document.querySelector('main canvas[aria-label^="Block map"]')
  if (canvas === null) return undefined
  canvas.scrollIntoView({ block: 'center' })
  const { x, y, width, height } = canvas.getBoundingClientRect()
  return [x, y, width, height]
})()`

/** Of the page of a run that is there already. */
export async function mapFrames(page: Page): Promise<MapFrames> {
  const [x, y, width, height] = await mapBox(page)
  const [middleX, middleY] = [x + width / 2, y + height / 2]
  // With the focus the wheel is the map's, else the page's.
  await page.mouse.click(middleX, middleY)
  await page.evaluate(START)
  const turns = await turnUntilStill(page, -WHEEL, TURNS_MAX)
  await sleepMs(REST_MS)
  const nearest = new URL(page.url()).search
  await turnTimes(page, WHEEL, Math.floor(turns / 2))
  await page.mouse.down()
  for (let step = 1; step <= DRAG_STEPS; step++) {
    const way = Math.sin(step / 6) / 3
    await page.mouse.move(middleX + width * way, middleY + height * way)
    await page.evaluate(NEXT_FRAME)
  }
  await page.mouse.up()
  await turnTimes(page, WHEEL, turns - Math.floor(turns / 2))
  const seen: unknown = await page.evaluate(STOP)
  const { drawMs, betweenMs }: { drawMs?: unknown; betweenMs?: unknown } = Object(seen)
  if (!isNumbers(drawMs) || !isNumbers(betweenMs)) return refuse(page.url(), 'tells no frames')
  return { drawMs, betweenMs, turns, nearest }
}

async function mapBox(page: Page): Promise<readonly [number, number, number, number]> {
  const box: unknown = await page.evaluate(MAP)
  if (!isNumbers(box)) return refuse(page.url(), 'has no canvas that is called the block map')
  const [x = 0, y = 0, width = 0, height = 0] = box
  return [x, y, width, height]
}

async function turnTimes(page: Page, by: number, times: number): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    await page.mouse.wheel(0, by)
    await page.evaluate(NEXT_FRAME)
  }
}

/** Turns until nothing is drawn any more; returns how many turns had an effect. */
async function turnUntilStill(page: Page, by: number, most: number): Promise<number> {
  let [drawn, effective] = [0, 0]
  for (let turn = 1; turn <= most && turn - effective <= STILL_TURNS; turn++) {
    await turnTimes(page, by, 1)
    const now = Number(await page.evaluate(`performance.getEntriesByName(${JSON.stringify(FRAME_MEASURE)}).length`))
    if (now > drawn) [drawn, effective] = [now, turn]
  }
  if (effective === 0) refuse(page.url(), `does not zoom by the wheel, or does not measure it (${FRAME_MEASURE})`)
  return effective
}

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'number')
