import { rigConformance } from '../contract/rig.ts'
import { hostPowerRig } from '../../src/rig/host-power.ts'

rigConformance(hostPowerRig)
