/**
 * The rules of the judge, each changed in one place. A mutant is one replacement in one compiled file of src/core; `from`
 * stands there once. Whoever changes a rule changes its mutants with it: the list is checked in the tests.
 */

export interface Mutant {
  /** The rule as it becomes. */
  readonly rule: string
  /** File of dist/src/core, without its ending. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** Why no test can tell it from the rule, where none can. */
  readonly equivalent?: string
}

const history = (rule: string, from: string, to: string): Mutant => ({ rule, file: 'history', from, to })
const floors = (rule: string, from: string, to: string): Mutant => ({ rule, file: 'floors', from, to })
const judge = (rule: string, from: string, to: string): Mutant => ({ rule, file: 'judge', from, to })
const tally = (rule: string, from: string, to: string): Mutant => ({ rule, file: 'tally', from, to })
const confirm = (rule: string, from: string, to: string): Mutant => ({ rule, file: 'confirm', from, to })
const observe = (rule: string, from: string, to: string): Mutant => ({ rule, file: 'observe', from, to })

export const MUTANTS: readonly Mutant[] = [
  history(
    'a flush covers what completed before its completion, not before its issue',
    'this.#lastFlushIssue = this.#flushes.issuePosition[id] ?? 0;',
    'this.#lastFlushIssue = position;',
  ),
  history(
    'a flush counts from its issue on, completed or not',
    'this.#flushesIssued = id;',
    'this.#flushesIssued = id; this.#lastFlushIssue = position;',
  ),
  history('a write is stable as soon as it completed', '(fua || completed < this.#lastFlushIssue)', 'true'),
  history('FUA promises nothing', '(fua || completed < this.#lastFlushIssue)', '(completed < this.#lastFlushIssue)'),
  history(
    'a FUA write is stable before it completed',
    'completed !== NEVER && (fua || completed < this.#lastFlushIssue)',
    '(fua || (completed !== NEVER && completed < this.#lastFlushIssue))',
  ),
  history(
    'a is before b where it was issued before it',
    'return this.completePosition(a) < this.issuePosition(b);',
    'return this.issuePosition(a) < this.issuePosition(b);',
  ),
  history(
    'a is before b where it completed before it',
    'return this.completePosition(a) < this.issuePosition(b);',
    'return this.completePosition(a) < this.completePosition(b);',
  ),
  history(
    'a is before b also where neither is recorded (non-strict order)',
    'return this.completePosition(a) < this.issuePosition(b);',
    'return this.completePosition(a) <= this.issuePosition(b);',
  ),
  history(
    'a is before b where its number is lower',
    'return this.completePosition(a) < this.issuePosition(b);',
    'return a < b;',
  ),
  history(
    'announced writes that were not issued cannot be on the device',
    'Math.max(parts.issued, parts.window)',
    'parts.issued',
  ),
  history(
    'announced writes may be on the device though the agent ended without them',
    'parts.ended ? parts.issued : Math.max(parts.issued, parts.window)',
    'Math.max(parts.issued, parts.window)',
  ),
  history('a log with a damaged end is complete', "return this.ended && this.logEnd.tail === 'clean';", 'return true;'),
  floors(
    'the floor is the oldest stable write, not the newest',
    'this.flushed[i] = write;',
    'if (this.flushed[i] !== 0) continue; this.flushed[i] = write;',
  ),
  floors('the floor is the newest complete write, stable or not', 'if (!isStable)', 'if (false)'),
  floors(
    'an unstable write leaves a sector undefined though a stable one came after it',
    'if (completed < (this.flushedIssue[i] ?? 0))',
    'if (false)',
  ),
  floors('a write that is all or nothing leaves sectors undefined', 'if (!atomic)', 'if (true)'),
  floors(
    'virtio-strict is refuted below a write that is all or nothing',
    'this.unsettled[i] = 1;',
    'if (!atomic) this.unsettled[i] = 1;',
  ),
  judge(
    'a version in flight together with a write shows that the write is missing',
    'return this.history.isBefore(found, write) ? STATE.missing : STATE.superseded;',
    'return this.history.isBefore(write, found) ? STATE.superseded : STATE.missing;',
  ),
  judge(
    'any other version supersedes',
    'return this.history.isBefore(found, write) ? STATE.missing : STATE.superseded;',
    'return STATE.superseded;',
  ),
  judge(
    'older is what has the lower number',
    'return this.history.isBefore(found, write) ? STATE.missing : STATE.superseded;',
    'return found < write ? STATE.missing : STATE.superseded;',
  ),
  judge(
    'the floor is a single write: every lower number is overwritten by it',
    'return floor !== 0 && this.history.isBefore(write, floor);',
    'return floor !== 0 && write < floor;',
  ),
  judge('nothing is ever overwritten', 'return floor !== 0 && this.history.isBefore(write, floor);', 'return false;'),
  judge(
    'a write is passed over where its first sector is overwritten',
    'for (let i = from; i < to; i++)\n            if (completed >= at(flushedIssue, i))',
    'for (let i = from; i < from + 1; i++)\n            if (completed >= at(flushedIssue, i))',
  ),
  judge(
    'zeros accuse where nothing has to be',
    'return floor === 0 ? STATE.unknown : STATE.missing;',
    'return STATE.missing;',
  ),
  judge(
    'zeros excuse where something has to be',
    'return floor === 0 ? STATE.unknown : STATE.missing;',
    'return STATE.unknown;',
  ),
  judge('a sector of two versions says nothing', 'if (newer === write)', 'if (false)'),
  judge(
    'a mix of two overwritten versions says nothing about what has to be there',
    'return write === floor && this.#isOverwritten(newer, floor) ? STATE.missing : STATE.unknown;',
    'return STATE.unknown;',
  ),
  judge(
    'write-through asks for what was flushed alone',
    "return this.contract.name === 'write-through' ? this.#floors.complete : this.#floors.flushed;",
    'return this.#floors.flushed;',
  ),
  judge(
    'every contract asks for what completed',
    "return this.contract.name === 'write-through' ? this.#floors.complete : this.#floors.flushed;",
    'return this.#floors.complete;',
  ),
  judge(
    'every contract leaves sectors undefined',
    "return this.contract.name === 'virtio-strict' && at(this.#floors.undefinable, i) !== 0;",
    'return at(this.#floors.undefinable, i) !== 0;',
  ),
  judge(
    'virtio-strict leaves nothing undefined',
    "return this.contract.name === 'virtio-strict' && at(this.#floors.undefinable, i) !== 0;",
    'return false;',
  ),
  judge(
    'a sector that a later, unstable write covers up acquits',
    'return !this.#tally.isStable(found, this.history.plan.write(found).fua);',
    'return false;',
  ),
  judge(
    'a sector that a later, stable write stands in does not acquit',
    'return !this.#tally.isStable(found, this.history.plan.write(found).fua);',
    'return true;',
  ),
  judge('an undefined sector acquits', 'if (this.#isUndefined(i))\n            return true;', ''),
  judge(
    'ordered is held against the floor of write-through',
    "const judged = this.contract.name === 'write-through' ? this.#stateOf(write, i, flushedFloor) : state;",
    'const judged = state;',
  ),
  {
    rule: 'what refutes write-through refutes virtio-strict',
    file: 'judge',
    from: "if (name === 'volatile' && !undefinedThere)",
    to: 'if (!undefinedThere)',
    equivalent: 'the newest complete write over such a sector is not flushed, so the sector is undefined',
  },
  judge('an older version refutes nothing', 'return !isOverwritten;', 'return true;'),
  judge('zeros above a floor are a finding of their own besides', 'if (isOlderState && floor !== 0)', 'if (false)'),
  judge(
    'a sector whose baseline nobody knows is accused',
    'if (!known && floor === 0 && code !== SEEN.unreadable && code !== SEEN.phantom)',
    'if (false)',
  ),
  tally(
    'a write that never completed can be lost',
    'if (this.#history.completePosition(write) === NEVER)\n            return;',
    '',
  ),
  tally(
    'every loss is forbidden',
    'const isViolation = stable && counts.provenMissing > 0;',
    'const isViolation = counts.provenMissing > 0;',
  ),
  tally(
    'a loss in undefined sectors is forbidden',
    'const isViolation = stable && counts.provenMissing > 0;',
    'const isViolation = stable;',
  ),
  tally('a sector of two versions is permitted', 'const mixed = counts.provenPartial > 0;', 'const mixed = false;'),
  tally('every tear is forbidden', 'mixed || (stable && counts.provenMissing > 0) || (atomic && inParts)', 'true'),
  tally(
    'a tear of a stable write is permitted',
    'mixed || (stable && counts.provenMissing > 0) || (atomic && inParts)',
    'mixed || (atomic && inParts)',
  ),
  tally(
    'a tear of an atomic write is permitted',
    'mixed || (stable && counts.provenMissing > 0) || (atomic && inParts)',
    'mixed || (stable && counts.provenMissing > 0)',
  ),
  tally(
    'an undefined sector proves that an atomic write landed',
    '(counts.provenMissing > 0 && counts.provenPresent > 0)',
    '(counts.provenMissing > 0 && counts.present > 0)',
  ),
  tally('a torn write that is all or nothing is consistent with that', 'if (atomic && inParts)', 'if (false)'),
  tally(
    'acquitted though sectors hold writes that the log does not announce',
    'if (gaps.sectorsBeyondLog > 0)',
    'if (false)',
  ),
  tally(
    'a write torn inside a sector, with a copy elsewhere, was only misdirected',
    'missing === undefined || missing.length === 0 ||',
    'missing === undefined ||',
  ),
  judge(
    'a write across two ranges is forgotten at the border',
    '(this.#carried.get(write) ?? new WriteView(writes.sectors(k), true))',
    'new WriteView(writes.sectors(k), true)',
  ),
  judge(
    'a later run is one that began before',
    '!beganAfter(keyOf(content.run), keyOf(manifest.run))',
    'beganAfter(keyOf(content.run), keyOf(manifest.run))',
  ),
  judge(
    'a phantom may stand in an undefined sector',
    'unsettled && code !== SEEN.unreadable && code !== SEEN.phantom',
    'unsettled && code !== SEEN.unreadable',
  ),
  judge(
    'an unreadable sector is nothing where nobody knows the baseline',
    'if (!known && floor === 0 && code !== SEEN.unreadable && code !== SEEN.phantom)',
    'if (!known && floor === 0 && code !== SEEN.phantom)',
  ),
  floors('a gap in the log leaves nothing undefined', 'if (this.#anythingMayFollow)', 'if (false)'),
  {
    rule: 'what is partly there is lost',
    file: 'measures',
    from: 'partial > 0 || (present > 0 && missing > 0)',
    to: 'partial > 0',
  },
  tally(
    'reordered is what was issued before the survivor, complete or not',
    'this.#history.completePosition(write) < survivorIssued',
    'this.#history.issuePosition(write) < survivorIssued',
  ),
  tally(
    'reordered is what was complete before the survivor completed',
    'const survivorIssued = this.#history.issuePosition(survivor);',
    'const survivorIssued = this.#history.completePosition(survivor);',
  ),
  tally(
    'a torn write is not reordered',
    'if (status !== STATUS.lost && status !== STATUS.torn)',
    'if (status !== STATUS.lost)',
  ),
  tally(
    'no contract forbids reordering',
    "const severity = this.#contract.name === 'ordered' && rule === undefined ? 'violation' : 'hazard';",
    "const severity = 'hazard';",
  ),
  tally(
    'ordered is judged by the completion of the newest survivor',
    'this.#firstMissing < this.#history.issuePosition(this.#newestSeen)',
    'this.#firstMissing < this.#history.completePosition(this.#newestSeen)',
  ),
  tally('the survivor is the last write seen, not the newest', 'if (write > this.#newestSeen)', 'if (true)'),
  tally(
    'acquitted though every stable sector was covered up',
    'return stableSectors === supersededSectors ? [NOTHING_LEFT] : [];',
    'return [];',
  ),
  tally('acquitted though nothing was stable', 'if (stableSectors === 0)', 'if (false)'),
  tally('acquitted though the log has a gap', "if (this.#history.logEnd.tail === 'corrupt')", 'if (false)'),
  tally('acquitted though sectors were not read', 'if (gaps.unreadSectors > 0)', 'if (false)'),
  tally(
    'a misdirected write is lost as well',
    'if (missing === undefined || missing.length === 0 || !missing.every((index) => indexes.has(index)))',
    'if (true)',
  ),
  tally(
    'data is missing below a commit record that is missing too',
    'if (data === undefined || this.#status[commit] !== STATUS.intact)',
    'if (data === undefined)',
  ),
  confirm(
    'a stamp is taken at its word',
    'return Buffer.compare(left, b.bytes.subarray(bAt * SECTOR_BYTES, bAt * SECTOR_BYTES + length)) === 0;',
    'return left.length === length;',
  ),
  confirm(
    'of the sectors of a write the first alone is compared',
    'if (sameSectors(buffer, i, scratch, 0, length))',
    'if (sameSectors(buffer, i, scratch, 0, 1))',
  ),
  confirm(
    'a sector that only names a write keeps what was said of it before',
    'into.seen[at + i + k] = into.write[at + i + k] = 0;',
    ';',
  ),
  confirm(
    'a sector that is nothing known keeps what was said of it before',
    'into.seen.fill(zeros === 0 ? 0 : SEEN.zeros, at + i, at + i + length);',
    'if (zeros !== 0) into.seen.fill(SEEN.zeros, at + i, at + i + length);',
  ),
  confirm(
    'a sector that is no version keeps the write of one before',
    'into.write.fill(0, at + i, at + i + length);',
    '',
  ),
  confirm(
    'a run of zeros is told by its first sector',
    'if (sameSectors(buffer, i, this.#made().zeros, 0, length))',
    'if (true)',
  ),
  confirm(
    'sectors of a write go on after its end',
    'Math.min(to - i, run.count - index, SCRATCH_SECTORS)',
    'Math.min(to - i, SCRATCH_SECTORS)',
  ),
  confirm('a write stands wherever its stamp says', 'if (address < lba || address >= lba + sectors)', 'if (false)'),
  observe(
    'a sector that cannot be read holds what its memory held before',
    'into.seen[i] = SEEN.unreadable;',
    'return;',
  ),
  observe('what was odd in a range is odd in the next', 'into.odd.clear();', ''),
  observe('a sector that cannot be read keeps the write of one before', 'into.write[i] = 0;', ''),
  observe(
    'a write beyond the last window is one of the run',
    'if (write <= this.#history.possibleMax)\n            return SEEN.version;',
    'return SEEN.version;',
  ),
  observe(
    'a write beyond the last window of a log without its end is a phantom',
    'return this.#history.isComplete ? SEEN.phantom : SEEN.version;',
    'return SEEN.phantom;',
  ),
  {
    rule: 'a write that ends where the unit ends crosses its boundary',
    file: 'contract',
    from: 'Math.floor((lba + sectors - 1) / unitSectors)',
    to: 'Math.floor((lba + sectors) / unitSectors)',
  },
  {
    rule: 'the parts of a torn sector have to overlap',
    file: 'mix',
    from: 'head.length + tail.length >= SECTOR_BYTES',
    to: 'head.length + tail.length > SECTOR_BYTES',
  },
  {
    rule: 'garbage in an undefined sector is forbidden',
    file: 'odd-sectors',
    from: "const excused = place.isUndefined && (kind === 'misdirected' || kind === 'corrupt');",
    to: 'const excused = false;',
  },
  {
    rule: 'a flush lied where one write is missing',
    file: 'flush-lies',
    from: 'const LOST_MIN = 2;',
    to: 'const LOST_MIN = 1;',
  },
  {
    rule: 'a stray copy in an undefined sector accounts for a lost write',
    file: 'odd-sectors',
    from: "if (content.kind === 'elsewhere' && !excused)",
    to: "if (content.kind === 'elsewhere')",
  },
  {
    rule: "another device's stamp accounts for a lost write",
    file: 'odd-sectors',
    from: 'if (content.run !== manifest.run || content.device !== manifest.device)',
    to: 'if (false)',
  },
  {
    rule: 'a sector torn over a baseline that cannot be made again is garbage',
    file: 'mix',
    from: 'const opaque = opaqueBaseline ? mixWithOpaque(head, tail, nearest) : undefined;',
    to: 'const opaque = undefined;',
  },
  {
    rule: 'a flush lied where any of its writes is missing',
    file: 'flush-lies',
    from: 'if (lostHere < LOST_MIN || kept[flush] !== 0)',
    to: 'if (lostHere < LOST_MIN)',
  },
]
