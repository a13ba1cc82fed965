/** The roles of deploy/ansible applied below a folder, twice and in check mode; ansible-lint; every variable is documented. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { findProgram, runTool } from '../../src/io/process.ts'
import { ANSIBLE_FOLDER, ansibleEnvironment, playbookFor } from '../support/ansible.ts'
import { scratchFolder } from '../support/plugpull-process.ts'

const text = (...path: string[]): string => readFileSync(join(ANSIBLE_FOLDER, ...path), 'utf8')

/** An inventory whose every host is this machine below `root`, and the files that it names. */
async function inventoryIn(folder: string, root: string): Promise<string> {
  const made = join(folder, 'made')
  mkdirSync(join(made, 'dist', 'src'), { recursive: true })
  writeFileSync(join(made, 'dist', 'src', 'cli.js'), 'the collector\n')
  writeFileSync(join(folder, 'plugpull.cjs'), 'the agent\n')
  writeFileSync(join(folder, 'ca.pem'), 'the authority\n')
  await runTool('tar', ['-C', made, '-czf', join(folder, 'collector.tar.gz'), '.'])
  const here = { ansible_connection: 'local' }
  const inventory = {
    all: {
      vars: {
        plugpull_collector_url: 'http://192.0.2.1:7117',
        plugpull_collector_token: 'open sesame',
        plugpull_collector_admin_token: 'master key',
        plugpull_collector_tls_cert: '/etc/ssl/collector.pem',
        plugpull_collector_tls_key: '/etc/ssl/collector.key',
        plugpull_ca: join(folder, 'ca.pem'),
        plugpull_collector_archive: join(folder, 'collector.tar.gz'),
        plugpull_collector_root: root,
        plugpull_collector_user: 'root',
        plugpull_collector_manage_user: false,
        plugpull_collector_manage_service: false,
        plugpull_agent_bundle: join(folder, 'plugpull.cjs'),
        plugpull_agent_target: '/dev/vdb',
        plugpull_agent_options: ['--queue-depth=16'],
        plugpull_agent_node: '/opt/node/bin/node',
        plugpull_agent_root: root,
        plugpull_agent_manage_service: false,
      },
    },
    plugpull_collectors: { hosts: { keeper: here } },
    plugpull_vms: { hosts: { vm7: here } },
  }
  const path = join(folder, 'inventory.json')
  writeFileSync(path, JSON.stringify(inventory))
  return path
}

describe('deploy/ansible', () => {
  test('the roles install collector and agent; a check changes nothing, nor does a second time', async (t) => {
    const folder = scratchFolder(t)
    const root = join(folder, 'root')
    const playbook = playbookFor(t, folder)
    if (playbook === undefined) return
    const inventory = await inventoryIn(folder, root)
    const apply = async (...more: readonly string[]): Promise<readonly number[]> => {
      const { code, stdout } = await playbook.run('install.yml', ['-i', inventory, ...more])
      assert.equal(code, 0, stdout)
      return [...stdout.matchAll(/ changed=(\d+) /g)].map(([, count]) => Number(count))
    }
    assert.ok(
      (await apply('--check')).every((count) => count > 0),
      'a check says that there is something to do',
    )
    assert.ok(!existsSync(root), 'a check makes nothing')
    await apply()
    assert.deepEqual(await apply(), [0, 0], 'nothing is changed the second time')

    const at = (path: string): string => join(root, path)
    const held = (path: string): string => readFileSync(at(path), 'utf8')
    for (const [name, token] of [
      ['collector', 'master key'],
      ['agent', 'open sesame'],
    ]) {
      assert.equal(held(`etc/plugpull/${name}.token`), `${token}\n`)
      assert.equal(statSync(at(`etc/plugpull/${name}.token`)).mode & 0o777, 0o600)
      assert.ok(!/sesame|master/.test(held(`etc/plugpull/${name}.env`)))
    }
    assert.equal(held('etc/plugpull/ca.pem'), 'the authority\n')
    assert.match(
      held('etc/plugpull/collector.env'),
      /^PLUGPULL_OPTIONS=--token-file=\/etc\/plugpull\/collector\.token --tls-cert=\/etc\/ssl\/collector\.pem --tls-key=\/etc\/ssl\/collector\.key$/m,
    )
    assert.equal(held('usr/local/lib/plugpull/plugpull.cjs'), 'the agent\n')
    assert.equal(held('opt/plugpull/current/dist/src/cli.js'), 'the collector\n')
    const configuration = held('etc/plugpull/agent.env')
    for (const line of [
      'PLUGPULL_TARGET=/dev/vdb',
      'PLUGPULL_COLLECTOR=http://192.0.2.1:7117',
      'PLUGPULL_CAMPAIGN=vm7',
      'PLUGPULL_OPTIONS=--stop-on-violation --token-file=/etc/plugpull/agent.token --ca=/etc/plugpull/ca.pem --queue-depth=16',
    ])
      assert.ok(configuration.split('\n').includes(line), line)
    for (const name of ['collector', 'agent'])
      for (const [variable] of held(`etc/systemd/system/plugpull-${name}.service`).matchAll(/PLUGPULL_\w+/g))
        assert.ok(held(`etc/plugpull/${name}.env`).includes(`\n${variable}=`), `${variable} is configured`)
    assert.match(held('etc/systemd/system/plugpull-agent.service'), /^ExecStart=\/opt\/node\/bin\/node /m)
  })

  test('ansible-lint finds nothing', async (t) => {
    if (findProgram('ansible-lint') === undefined) {
      t.skip('SKIPPED: ansible-lint is not installed; on Debian: apt-get install -y ansible-lint')
      return
    }
    const { code, stdout, stderr } = await runTool('ansible-lint', ['--offline', '--nocolor'], {
      cwd: ANSIBLE_FOLDER,
      env: ansibleEnvironment(scratchFolder(t)),
      accept: [0, 1, 2, 3, 4, 5, 6, 7, 8],
      limitMs: 120_000,
    })
    assert.equal(code, 0, stdout + stderr)
    assert.match(stderr, /Passed.*production/)
  })

  test('every variable of a role is specified, and stands in the README', () => {
    const readme = text('README.md')
    for (const role of readdirSync(join(ANSIBLE_FOLDER, 'roles'))) {
      const named = (content: string, pattern: RegExp): readonly string[] =>
        [...content.matchAll(pattern)].map(([, name]) => name ?? '')
      const defaults = named(text('roles', role, 'defaults', 'main.yml'), /^(\w+):/gm)
      const specified = named(text('roles', role, 'meta', 'argument_specs.yml'), /^ {6}(\w+):/gm)
      assert.ok(defaults.length > 5)
      for (const name of defaults) assert.ok(specified.includes(name), `${name} is in argument_specs of ${role}`)
      for (const name of specified) assert.ok(readme.includes(`\`${name}\``), `${name} is in the README`)
    }
  })
})
