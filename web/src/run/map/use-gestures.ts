/** Keeps listening to the gestures on a canvas, whatever they mean at the moment. */
import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'
import { type Gestures, listenToGestures } from './gestures.ts'

export function useGestures(canvas: RefObject<HTMLCanvasElement | null>, doRef: { readonly current: Gestures }): void {
  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    return listenToGestures(
      element,
      () => doRef.current,
      () => document.activeElement === element,
    )
  }, [canvas, doRef])
}
