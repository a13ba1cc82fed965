// `npm pack` runs this first, so that a package holds what its sources say. What goes into it is `files` in package.json.
import { prepare } from './prepare.mjs'

prepare()
