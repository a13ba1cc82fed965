/** The worker thread of `npm run trust -- cuts`. */
import { parentPort } from 'node:worker_threads'
import { type Block, runBlock } from './block.ts'

parentPort?.on('message', (block: Block) => parentPort?.postMessage(runBlock(block), []))
