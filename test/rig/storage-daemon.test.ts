import { rigConformance } from '../contract/rig.ts'
import { storageDaemonRig } from '../../src/rig/storage-daemon.ts'

rigConformance(storageDaemonRig)
