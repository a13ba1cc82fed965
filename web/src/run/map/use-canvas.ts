/** A canvas that fills its width, in pixels of the screen; draws when told, at most once a frame. */
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** The width of an element in pixels of the page; 0 until it is there. */
export function useWidth<E extends HTMLElement>(element: RefObject<E | null>): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const holder = element.current
    if (holder === null) return
    const measure = (): void => setWidth(Math.floor(holder.clientWidth))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(holder)
    return () => observer.disconnect()
  }, [element])
  return width
}

export type Draw = (context: CanvasRenderingContext2D, ratio: number) => void

/** Draws in the next frame whenever `draw` is another one. `measure`: name of the performance measure of a frame. */
export function useDrawing(
  canvas: RefObject<HTMLCanvasElement | null>,
  { width, height }: { readonly width: number; readonly height: number },
  draw: Draw | undefined,
  measure: string,
): void {
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context === null || context === undefined || draw === undefined || width === 0) return
    const wanted = requestAnimationFrame(() => {
      const start = performance.now()
      const ratio = window.devicePixelRatio
      resize(context.canvas, Math.round(width * ratio), Math.round(height * ratio))
      draw(context, ratio)
      performance.measure(measure, { start, end: performance.now() })
    })
    return () => cancelAnimationFrame(wanted)
  }, [canvas, width, height, draw, measure])
}

/** Setting a size clears the canvas, so only where it is another one. */
function resize(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
}
