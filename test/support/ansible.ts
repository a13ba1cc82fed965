/** Ansible as a user runs it in deploy/ansible, with everything that it would leave in the user's home kept in a folder of the test. */
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type ToolResult, findProgram, runTool } from '../../src/io/process.ts'

export const ANSIBLE_FOLDER = join(import.meta.dirname, '..', '..', '..', 'deploy', 'ansible')
// Some minutes under TCG on a machine that is busy with other guests.
const LIMIT_MS = 1_800_000
const ANY_STATUS = Array.from({ length: 256 }, (_, status) => status)

export interface Playbook {
  /** Runs a playbook of deploy/ansible; `code` is Ansible's own: 0, 2 where a task failed, 4 where a host was not reached. */
  run(playbook: string, args: readonly string[]): Promise<ToolResult>
}

/** What Ansible is told by its environment. */
export const ansibleEnvironment = (folder: string): Readonly<Record<string, string>> => ({
  HOME: folder,
  ANSIBLE_CONFIG: join(ANSIBLE_FOLDER, 'ansible.cfg'),
  ANSIBLE_NOCOLOR: '1',
  ANSIBLE_LOCAL_TEMP: join(folder, 'ansible-local'),
  ANSIBLE_REMOTE_TEMP: join(folder, 'ansible-remote'),
  LC_ALL: 'C.UTF-8',
})

/** `undefined`, with the test skipped, where Ansible is not installed. */
export function playbookFor(t: TestContext, folder: string): Playbook | undefined {
  if (findProgram('ansible-playbook') === undefined) {
    t.skip('SKIPPED: ansible-playbook is not installed; on Debian: apt-get install -y ansible-core')
    return undefined
  }
  return {
    run: (playbook, args) =>
      runTool('ansible-playbook', [join(ANSIBLE_FOLDER, playbook), ...args], {
        cwd: ANSIBLE_FOLDER,
        env: ansibleEnvironment(folder),
        accept: ANY_STATUS,
        limitMs: LIMIT_MS,
      }),
  }
}
