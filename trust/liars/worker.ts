/** The worker thread of `npm run trust -- liars`. */
import { parentPort } from 'node:worker_threads'
import { runTask, type Task } from './task.ts'

parentPort?.on('message', (task: Task) => parentPort?.postMessage(runTask(task), []))
