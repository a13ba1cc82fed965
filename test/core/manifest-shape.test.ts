/** What a manifest must be: what is known is of its type and of a size, what is added is welcome. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsOf } from '../../src/core/campaign/facts.ts'
import { setupOf } from '../../src/core/campaign/setup.ts'
import { isDeeperThan } from '../../src/core/depth.ts'
import { isManifest, manifestFault } from '../../src/core/manifest-shape.ts'
import { stubManifest, sampleManifest } from '../collector/helpers.ts'

const RUN = '0000000000000001'

/** A manifest with another value at that place. */
function changed(place: string, value: unknown): unknown {
  const manifest: unknown = structuredClone(sampleManifest(RUN, 'c', { rig: 'qemu' }))
  const names = place.split('/').slice(1)
  let at: unknown = manifest
  for (const name of names.slice(0, -1)) at = Reflect.get(Object(at), name)
  Reflect.set(Object(at), names.at(-1) ?? '', value)
  return manifest
}

/** Every place in it that has a value of its own, and those that hold others. */
function placesOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [...(at === '' ? [] : [at]), ...Object.entries(value).flatMap(([name, one]) => placesOf(one, `${at}/${name}`))]
}

test('every field that is known is of its type, or is named', () => {
  assert.equal(manifestFault(sampleManifest(RUN)), undefined)
  const places = placesOf(sampleManifest(RUN, 'c', { rig: 'qemu' }))
  assert(places.length > 35, places.join(' '))
  for (const place of places) {
    for (const wrong of [null, [], { toString: 5 }, [['x']], Number.NaN]) {
      const manifest = changed(place, wrong)
      // These hold what others name.
      const isObjectToo = !Array.isArray(wrong) && ['/environment', '/environment/labels'].includes(place)
      const fault = manifestFault(manifest)
      if (isObjectToo && fault === undefined) continue
      assert(fault?.startsWith(place) === true, `${place} ${JSON.stringify(wrong)}: ${fault}`)
      assert(!isManifest(manifest))
    }
  }
})

test('what the attacker sent', () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['/target/logicalBlockBytes', 'zz', /^\/target\/logicalBlockBytes must be a whole number .*, got "zz"$/],
    ['/environment/labels', { rig: 5 }, /^\/environment\/labels\/rig must be a text/],
    ['/environment/kernel', 6, /^\/environment\/kernel must be a text .*, got 6$/],
    ['/plan/cadence', {}, /^\/plan\/cadence\/kind must be writes or interval or never or workload, got nothing$/],
    ['/plan/cadence', { kind: 'writes', every: '16' }, /^\/plan\/cadence\/every must be/],
    ['/plan/cadence', { kind: 'toString' }, /^\/plan\/cadence\/kind must be/],
    ['/target/sizeSectors', 2 ** 53, /^\/target\/sizeSectors must be/],
    ['/io', 'fast', /^\/io must be direct or buffered or dsync, got "fast"$/],
    ['/overlapInFlight', 'no', /^\/overlapInFlight must be true or false/],
  ]
  for (const [place, value, expected] of cases) {
    const manifest = changed(place, value)
    assert.match(manifestFault(manifest) ?? 'fine', expected)
    assert(!isManifest(manifest), place)
  }
})

test('what comes from elsewhere has a size; what is in a log already is read', () => {
  const labels = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, n) => [`l${n}`, 'x']))
  const cases: readonly (readonly [string, unknown, unknown, RegExp])[] = [
    ['/environment/labels', labels(64), labels(65), /at most 64 labels, got 65/],
    ['/environment/labels', { ['n'.repeat(100)]: '' }, { ['n'.repeat(101)]: '' }, /names of at most 100/],
    ['/environment/labels/rig', 'v'.repeat(1000), 'v'.repeat(1001), /text of at most 1000/],
    ['/environment/hostname', 'v'.repeat(1000), 'v'.repeat(1001), /text of at most 1000/],
  ]
  for (const [place, fits, tooMuch, expected] of cases) {
    assert.equal(manifestFault(changed(place, fits)), undefined)
    assert.match(manifestFault(changed(place, tooMuch)) ?? 'fine', expected)
    assert(isManifest(changed(place, tooMuch)))
  }
})

test('additions are welcome, as deep as anybody needs', () => {
  assert.equal(manifestFault(changed('/target/new', { of: [1, { deep: true }] })), undefined)
  const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
  assert.equal(manifestFault(changed('/new', nested(30))), undefined)
  assert.match(manifestFault(changed('/new', nested(200_000))) ?? 'fine', /nested at most 32 deep/)
  assert(!isDeeperThan([[1], { a: [] }], 2) && isDeeperThan([[1], { a: [] }], 1))
})

test('facts and setup of a manifest that an old store has are told as far as it is one', () => {
  for (const place of placesOf(sampleManifest(RUN, 'c', { rig: 'qemu' }))) {
    for (const wrong of [undefined, null, 5, 'zz', {}, []]) {
      const manifest = changed(place, wrong)
      if (isManifest(manifest))
        for (const value of [...Object.values(factsOf(manifest)), ...Object.values(setupOf(manifest))])
          assert.equal(typeof value, 'string', `${place} ${JSON.stringify(wrong)}`)
    }
  }
  assert.equal(factsOf(stubManifest(RUN), { kind: 'sigkill' }).cut, 'sigkill')
})
