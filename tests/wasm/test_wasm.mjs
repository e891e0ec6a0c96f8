// The core in WebAssembly against the core built natively: the same recordings and simulated drives through both, and
// every batch (detections, passes, features) the same, byte for byte.
//   node test_wasm.mjs BIN_DIR DATA_DIR      BIN_DIR holds detect.wasm, tape_make, tape_play and roadchief
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const [bin, usual] = process.argv.slice(2);
const data = process.env.ROAD_DATA ?? usual;
const folder = mkdtempSync(join(tmpdir(), 'road-wasm-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let failures = 0;

function fact(name, check) {
  try {
    check();
    console.log(`ok ${name}`);
  } catch (error) {
    failures++;
    console.log(`  ${error.message}\nFAIL ${name}`);
  }
}

function skip(name, why) {
  const required = process.env.ROAD_REQUIRE_DATA === '1';
  failures += required ? 1 : 0;
  console.log(required ? `  ${why}\nFAIL ${name}` : `skip ${name}: ${why}`);
}

function same(what, got, want) {
  if (got !== want) throw new Error(`${what}: got ${String(got).slice(0, 160)}, want ${String(want).slice(0, 160)}`);
}

const wasmPath = join(bin, 'detect.wasm');
if (!existsSync(wasmPath)) {
  console.log('skip detect_wasm_equals_native: no clang, lld or wasi-libc here when it was built');
  process.exit(0);
}
const bytes = readFileSync(wasmPath);
const module = new WebAssembly.Module(bytes);

// ---- a drive through the module --------------------------------------------------------------------------------

// Kinds and sizes of tests/tape/tape.h.
const SIZES = { 1: 8, 2: 32, 3: 56, 4: 16 };
const FULL = 12; // ROAD_FULL

class Detector {
  constructor(meridian, isSouth) {
    this.exports = new WebAssembly.Instance(module, {}).exports;
    this.exports._initialize();
    this.at = this.exports.detect_exchange();
    this.lines = [];
    const settings = new Float64Array(12).fill(NaN);
    settings.set([meridian, isSouth]);
    this.put(settings);
    same('detect_init', this.exports.detect_init(this.at, 96), 0);
  }

  put(array) {
    new Uint8Array(this.exports.memory.buffer).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), this.at);
  }

  motion(samples, count) {
    for (let done = 0; done < count; ) {
      this.put(samples.subarray(done * 32));
      done += this.exports.detect_motion(this.at, count - done);
      this.take();
    }
  }

  fix(item) {
    this.put(item);
    if (this.exports.detect_fix(this.at) === FULL) throw new Error('full although its batches were taken');
    this.take();
  }

  take() {
    for (;;) {
      const length = this.exports.detect_take(this.at, 65536);
      if (length === 0) return;
      this.lines.push(Buffer.from(this.exports.memory.buffer, this.at, length).toString('hex'));
    }
  }

  // As the last line of tape_play.
  counts() {
    const c = new Float64Array(this.exports.memory.buffer, this.exports.detect_counts(), 10);
    return (
      `samples ${c[0]} refused ${c[1]} fixes ${c[2]} refused ${c[3]} distance_m ${c[4].toFixed(1)} ` +
      `detections ${c[7]} look_alikes ${c[8]} batches ${c[9]}`
    );
  }
}

function playInWasm(tape) {
  const view = new DataView(tape.buffer, tape.byteOffset, tape.byteLength);
  let detector = null;
  for (let at = 0; at + 8 <= tape.length; ) {
    const kind = view.getUint32(at, true);
    const count = view.getUint32(at + 4, true);
    const items = tape.subarray(at + 8, at + 8 + SIZES[kind] * count);
    if (kind === 1) detector = new Detector(view.getInt32(at + 8, true), view.getInt32(at + 12, true));
    else if (kind === 2) detector.motion(items, count);
    else if (kind === 3) detector.fix(items);
    else detector.exports.detect_gap(view.getBigInt64(at + 8, true), view.getBigInt64(at + 16, true));
    at += 8 + SIZES[kind] * count;
  }
  detector.exports.detect_finish();
  detector.take();
  return [...detector.lines.map((line, i) => `batch ${i + 1} ${line}`), detector.counts()];
}

function compare(recording, more = []) {
  const tape = join(folder, 'tape');
  execFileSync(join(bin, 'tape_make'), [recording, tape, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
  const native = execFileSync(join(bin, 'tape_play'), [tape], { maxBuffer: 1 << 28 }).toString().trim().split('\n');
  const wasm = playInWasm(readFileSync(tape));
  for (let i = 0; i < native.length; i++) same(`line ${i + 1} of ${native.length}`, wasm[i], native[i]);
  same('lines', wasm.length, native.length);
  return native;
}

// ---- facts -----------------------------------------------------------------------------------------------------

fact('detect_wasm_asks_its_page_for_nothing', () => {
  same('imports', WebAssembly.Module.imports(module).length, 0);
  if (bytes.length > 1 << 20) throw new Error(`${bytes.length} bytes: too much for a phone's page`);
});

fact('simulated_drives_give_the_same_batches_in_wasm', () => {
  const drives = join(folder, 'simulated');
  execFileSync(join(bin, 'roadchief'), ['simulate', '--out', drives, '--rounds', '1', '--seed', '5'], { stdio: 'ignore' });
  let detections = 0;
  for (const name of readdirSync(drives).filter((n) => n.endsWith('.csv') && n.includes('-'))) {
    const counts = compare(join(drives, name)).at(-1);
    detections += Number(/detections (\d+)/.exec(counts)[1]);
  }
  if (detections < 20) throw new Error(`${detections} detections in all: too few to compare anything`);
});

// Every file and folder of the recordings; those that `roadchief detect` does not read are passed over.
function recordingsOf(set) {
  const root = join(data, set);
  if (!existsSync(root)) return [];
  const folders = [root, ...readdirSync(root).map((n) => join(root, n)).filter((p) => statSync(p).isDirectory())];
  const isWhole = (p) => existsSync(join(p, 'Accelerometer.csv')) || existsSync(join(p, 'gnss_ublox.csv'));
  const whole = folders.filter(isWhole);
  const tables = folders.filter((p) => !isWhole(p)).flatMap((p) => readdirSync(p).filter((n) => n.endsWith('.csv')).map((n) => join(p, n)));
  return [...whole, ...tables].sort();
}

const SETS = ['rsq-gyor-100hz', 'cmu-pothole-pittsburgh', 'comma2k19-sample', 'pavevibe-esp32-node', 'two-wheeler-surface'];
for (const set of SETS) {
  const name = `recordings_of_${set.replace(/-/g, '_')}_give_the_same_batches_in_wasm`;
  const recordings = recordingsOf(set);
  if (recordings.length === 0) {
    skip(name, `no ${join(data, set)}`);
    continue;
  }
  fact(name, () => {
    let read = 0;
    for (const path of recordings) {
      try {
        compare(path);
        read++;
      } catch (error) {
        if (error.stderr && /tape_make/.test(error.stderr)) continue; // no kind of file that is read
        throw new Error(`${basename(path)}: ${error.message}`);
      }
    }
    console.log(`  ${read} of ${recordings.length} files and folders of ${set}`);
    if (read === 0) throw new Error('none of them can be read');
  });
}

process.exit(failures ? 1 : 0);
