// mashang-qr from outside: every kind of code and poster is read back with zbarimg and jsQR, the posters from a 50 dpi rendering.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { build, root, village, writeConf, writeKeyring } from '../lib/system.mjs';
import { launch } from '../lib/browser.mjs';

const program = path.join(build, 'mashang-qr');
const base = 'https://mashang.example.cn';
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MASHANG_')));
const settings = {
  'public.base_url': base, 'public.authority': '测试区农业农村局', 'public.hotline': '0531-00000000',
  'public.icp': '鲁ICP备00000000号', 'areas.file': path.join(root, 'deploy/areas/370115.csv'),
  'areas.codes': 'codes.csv', 'crypto.keyring_file': 'keyring.json',
};
let dir;
let conf;
let codes;
before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-qr-'));
  conf = path.join(dir, 'mashang.conf');
  codes = path.join(dir, 'codes.csv');
  writeKeyring(path.join(dir, 'keyring.json'));
  writeConf(conf, settings);
});
after(() => fs.rmSync(dir, { recursive: true, force: true }));

const quiet = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }; // zbarimg complains where there is no D-Bus

const at = (name) => path.join(dir, name);

function run(command, ...args) {
  const child = spawnSync(program, [command, '-c', conf, ...args], { encoding: 'utf8', env });
  return { code: child.status, out: child.stdout, err: child.stderr };
}

function ok(command, ...args) {
  const { code, out, err } = run(command, ...args);
  assert.equal(code, 0, err);
  return out;
}

function fails(want, pattern, command, ...args) {
  const { code, out, err } = run(command, ...args);
  assert.equal(code, want, `${command} ${args.join(' ')}: ${out}${err}`);
  assert.match(err, pattern);
  assert.ok(err.startsWith('mashang-qr: '), err);
}

// What both readers agree on; a symbol that only one can read is not good enough for a cheap phone.
function scan(file) {
  const first = execFileSync('zbarimg', ['--raw', '-q', file], quiet).trim();
  const { data, width, height } = PNG.sync.read(fs.readFileSync(file));
  const second = jsQR(new Uint8ClampedArray(data), width, height);
  assert.ok(second, `jsQR reads nothing in ${file}`);
  assert.equal(second.data, first);
  return first;
}

function pages(pdf, dpi = 50) {
  const prefix = pdf.replace(/\.pdf$/, `-${dpi}`);
  execFileSync('pdftoppm', ['-r', String(dpi), '-png', pdf, prefix]);
  const found = fs.readdirSync(dir).filter((name) => at(name).startsWith(`${prefix}-`)).sort();
  return found.map((name) => at(name));
}

const words = (pdf) => execFileSync('pdftotext', ['-layout', pdf, '-'], { encoding: 'utf8' }).split('\f').slice(0, -1);
const decoded = (link, ...args) => JSON.parse(ok('decode', link, '--json', ...args));

// The half-block text as a picture: each character is two modules, one above the other.
function terminalPng(text, file) {
  const rows = text.split('\n').filter((line) => line.startsWith('\x1b[')).map((line) => [...line.replace(/\x1b\[[0-9;]*m/g, '')]);
  const scale = 6;
  const png = new PNG({ width: rows[0].length * scale, height: rows.length * 2 * scale });
  for (let y = 0; y < png.height; y++) {
    for (let x = 0; x < png.width; x++) {
      const cell = rows[Math.floor(y / scale / 2)][Math.floor(x / scale)];
      const upper = Math.floor(y / scale) % 2 === 0;
      const dark = cell === '█' || cell === (upper ? '▀' : '▄');
      png.data.fill(dark ? 0 : 255, (y * png.width + x) * 4, (y * png.width + x) * 4 + 3);
      png.data[(y * png.width + x) * 4 + 3] = 255;
    }
  }
  fs.writeFileSync(file, PNG.sync.write(png));
}

// Four modules of 12 pixels on each side.
function standsFree(file) {
  const { data, width, height } = PNG.sync.read(fs.readFileSync(file));
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const outside = Math.min(x, y, width - 1 - x, height - 1 - y) < 48;
    if (outside) assert.equal(data[i * 4], 255, `ink in the quiet zone of ${file}`);
  }
  assert.equal(data[(48 * width + 48) * 4], 0);
}

const kinds = [
  { area: village }, { area: village, placement: 'home' }, { area: village, placement: 'card' }, { area: village, placement: 'screen' },
  { area: village, placement: 'leaflet' }, { area: village, drill: true }, { area: village, serial: true },
  { area: '370115', drill: true, serial: true }, { area: '370115008' },
];

test('every kind of code: link, terminal, PNG and SVG say the same, and decode knows it', async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 400, height: 400 } });
  for (const [i, kind] of kinds.entries()) {
    const options = ['--area', kind.area, '--qr', '--png', at(`k${i}.png`), '--svg', at(`k${i}.svg`)];
    if (kind.placement) options.push('--placement', kind.placement);
    if (kind.drill) options.push('--drill');
    if (kind.serial) options.push('--serial');
    const out = ok('code', ...options);
    const link = out.split('\n')[0];
    assert.match(link, /^https:\/\/mashang\.example\.cn\/V\/[0-9A-HJKMNP-TV-Z]+$/);
    assert.ok(link.split('/V/')[1].length <= 26, link);
    terminalPng(out, at(`t${i}.png`));
    // 120 mm at 50 dpi, quiet zone included: what a bad camera sees of a poster
    await page.setContent(`<style>body{margin:0;background:#fff}svg{display:block;width:236px}</style>${fs.readFileSync(at(`k${i}.svg`), 'utf8')}`);
    await page.locator('svg').screenshot({ path: at(`s${i}.png`) });
    for (const file of [`t${i}.png`, `k${i}.png`, `s${i}.png`]) assert.equal(scan(at(file)), link, file);
    standsFree(at(`k${i}.png`));
    const found = decoded(link);
    assert.equal(found.area.id, kind.area);
    assert.equal(found.placement, kind.placement ?? 'board');
    assert.equal(found.drill, Boolean(kind.drill));
    assert.equal(found.serial > 0, Boolean(kind.serial));
    assert.equal(found.revoked, false);
  }
});

test('without a terminal only the link is printed; --json is JSON', () => {
  assert.match(ok('code', '--area', village), /^https:\S+\n$/);
  const told = JSON.parse(ok('code', '--area', village, '--placement=card', '--json'));
  assert.equal(told.link, `${base}/V/${told.code}`);
  assert.deepEqual(told.area, { id: village, path: '山东省 济南市 济阳区 曲堤街道 葛家村' });
  assert.equal(told.placement, 'card');
});

test('decode reads either case and look-alikes, a bare code, and what a browser appends', () => {
  const link = ok('code', '--area', village).trim();
  const code = link.split('/V/')[1];
  const folded = code.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l');
  for (const typed of [link, code, folded, `${base}/v/${folded}`, `${link}?from=singlemessage`, `${link}/`, `${link}#x`]) {
    assert.equal(decoded(typed).area.id, village, typed);
  }
  assert.match(ok('decode', link), /area {7}370115008218\nplace {6}山东省 .* 葛家村\nplacement {2}board\ndrill {6}no\nserial {5}none\nrevoked {4}no\n/);
});

test('decode refuses forged and mistyped codes and addresses that are not ours', () => {
  const link = ok('code', '--area', village).trim();
  const last = link.at(-1) === '2' ? '4' : '2';
  fails(1, /mistyped/, 'decode', link.slice(0, -1) + last);
  fails(1, /mistyped/, 'decode', link.slice(0, -1));
  fails(1, /mistyped/, 'decode', 'hello');
  fails(1, /forged/, 'decode', `${link.slice(0, -5)}${link.at(-5) === '7' ? '9' : '7'}${link.slice(-4)}`);
  fails(1, /the address is not/, 'decode', link.replace('mashang.example.cn', 'mashang.example.com'));
  fails(1, /the address is not/, 'decode', link.replace('https:', 'http:'));
});

test('A4 posters of a town: one page per village in the order of the file, each read at 50 dpi', () => {
  const pdf = at('town.pdf');
  const told = JSON.parse(ok('poster', '--areas', '370115002', '--layout', 'a4', '-o', pdf, '--json'));
  const rows = fs.readFileSync(settings['areas.file'], 'utf8').split('\n').filter((row) => /^370115002\d{3},/.test(row));
  const files = pages(pdf);
  assert.ok(rows.length === 20);
  assert.equal(told.pages, rows.length);
  assert.equal(files.length, rows.length);
  const info = execFileSync('pdfinfo', [pdf], { encoding: 'utf8' });
  assert.match(info, /Page size: +595\.27\d+ x 841\.8\d+ pts \(A4\)/);
  for (const [i, file] of files.entries()) {
    const found = decoded(scan(file));
    assert.equal(found.area.id, rows[i].split(',')[0]);
    assert.equal(found.serial, told.first_serial + i);
    assert.equal(found.placement, 'board');
  }
});

test('a poster says what words.md says, in full', () => {
  const pdf = at('words.pdf');
  ok('poster', '--areas', village, '-o', pdf);
  const [page] = words(pdf);
  for (const line of ['曲堤街道', '葛家村', '扫一扫', '填一填', '记编号', '不识字没关系，打这个电话，或请家人、网格员代报', '0531-00000000',
    '本码只用于曲堤街道葛家村', '扫开后网址应是mashang.example.cn，不是就别填', '不收任何费用，不要银行卡和验证码', '测试区农业农村局']) {
    assert.ok(page.includes(line), `${line} is missing in ${page}`);
  }
  assert.match(page, /海报号 \d{6}/);
  assert.ok(!page.includes('演练'));
});

test('the symbol is 120 mm wide, level H, and stands free', () => {
  const pdf = at('size.pdf');
  ok('poster', '--areas', village, '-o', pdf);
  const [file] = pages(pdf, 254); // ten pixels per millimetre
  const { data, width, height } = PNG.sync.read(fs.readFileSync(file));
  const dark = (x, y) => data[(y * width + x) * 4] < 128;
  const middle = Math.round(width / 2);
  let top = 600;
  while (top < height && ![...Array(1200).keys()].some((i) => dark(middle - 600 + i, top))) top++;
  let left = 0;
  while (!dark(left, top + 15)) left++;
  let right = width - 1;
  while (!dark(right, top + 15)) right--;
  assert.ok(Math.abs(right - left + 1 - 1200) <= 2, `${right - left + 1} tenths of a millimetre`);
  const zone = 115; // four modules of the symbols in use, rounded down
  for (let y = top - zone; y < top + 1200 + zone; y++) {
    for (let x = left - zone; x <= right + zone; x += 3) {
      const inside = y >= top && y <= top + 1200 && x >= left && x <= right;
      assert.ok(inside || !dark(x, y), `ink in the quiet zone at ${x},${y}`);
    }
  }
  // Level H survives a torn-off or dirty spot: a ninth of the symbol is painted over.
  const png = PNG.sync.read(fs.readFileSync(file));
  for (let y = top + 480; y < top + 480 + 330; y++) {
    for (let x = left + 480; x < left + 480 + 330; x++) png.data.fill(128, (y * width + x) * 4, (y * width + x) * 4 + 3);
  }
  fs.writeFileSync(at('dirty.png'), PNG.sync.write(png));
  assert.match(execFileSync('zbarimg', ['--raw', '-q', at('dirty.png')], quiet), /\/V\//);
});

test('drill posters carry 演练 and a drill code; --exact prints the place itself; .png is an image', () => {
  ok('poster', '--areas', village, '--drill', '--placement', 'leaflet', '-o', at('drill.pdf'));
  const [page] = words(at('drill.pdf'));
  assert.ok((page.match(/演练/g) ?? []).length >= 3, page);
  const found = decoded(scan(pages(at('drill.pdf'))[0]));
  assert.equal(found.drill, true);
  assert.equal(found.placement, 'leaflet');
  ok('poster', '--areas', '370115008', '370115', '--exact', '-o', at('exact.pdf'));
  assert.deepEqual(pages(at('exact.pdf')).map((file) => decoded(scan(file)).area.id), ['370115', '370115008'].sort());
  ok('poster', '--areas', village, '-o', at('one.png'));
  assert.equal(decoded(scan(at('one.png'))).area.id, village);
});

test('an areas file of its own, telephones of the nearest area, a list of ids sorted by town without doubles', () => {
  fs.writeFileSync(at('own.csv'), '\uFEFFid,parent,level,name,short,phone,contact\r\nc,,county,试验县,,,\r\nt1,c,town,东镇,,0531-11111111,甲某\r\n'
    + 't2,c,town,西镇,,,\r\nv-1,t1,village,上村,,13900000000,乙某\r\nv-2,t1,village,下村,,,\r\nv-3,t2,village,上村,,,\r\n');
  const out = run('poster', '--areas', at('own.csv'), '--set', 'public.hotline=0531-22222222', '-o', at('own.pdf'));
  assert.equal(out.code, 0, out.err);
  const text = words(at('own.pdf'));
  assert.equal(text.length, 3);
  assert.match(text[0], /乙某 +13900000000/);
  assert.match(text[1], /甲某 +0531-11111111/);
  assert.match(text[2], /西镇 +上村[^]*0531-22222222/);
  fs.writeFileSync(at('list.txt'), `# for the print shop\n${village},\r\n\n370115002\n${village}\n370115002009\n`);
  const told = JSON.parse(ok('poster', '--areas', at('list.txt'), '-o', at('list.pdf'), '--json'));
  const ids = pages(at('list.pdf')).map((file) => decoded(scan(file)).area.id);
  assert.deepEqual(ids, [...new Set(ids)]);
  assert.equal(ids.length, told.pages);
  assert.equal(ids.at(-1), village);
  assert.ok(ids.slice(0, -1).every((id) => id.startsWith('370115002')));
});

test('no telephone anywhere: a line to write it on, and a word on stderr', () => {
  writeConf(at('bare.conf'), { ...settings, 'public.base_url': 'http://127.0.0.1:8080', 'public.hotline': '未设置' });
  const child = spawnSync(program, ['poster', '-c', at('bare.conf'), '--areas', village, '-o', at('bare.pdf')], { encoding: 'utf8', env });
  assert.equal(child.status, 0, child.stderr);
  assert.match(child.stderr, /1 of 1 pages have no telephone/);
  assert.match(words(at('bare.pdf'))[0], /电话 _{6,}/);
  assert.match(scan(pages(at('bare.pdf'))[0]), /^http:\/\/127\.0\.0\.1:8080\/V\//);
});

test('a printed paper is revoked by its code, all papers of a village by its id; new ones are good', () => {
  const id = '370115110203';
  const [first, second, third] = [1, 2, 3].map(() => ok('code', '--area', id, '--serial').trim());
  assert.match(ok('revoke', first, '--hint', '新码在卫生室，墙上'), /revoked: serial \d+ of area 370115110203/);
  assert.deepEqual([first, second, third].map((link) => decoded(link).revoked), [true, false, false]);
  assert.equal(decoded(first).hint, '新码在卫生室，墙上');
  const plain = ok('code', '--area', id).trim();
  assert.equal(decoded(plain).serial, 0);
  fails(1, /has no serial; --area 370115110203/, 'revoke', plain);
  ok('revoke', '--area', id);
  assert.deepEqual([second, third, plain].map((link) => decoded(link).revoked), [true, true, true]);
  const fresh = ok('code', '--area', id).trim();
  assert.ok(decoded(fresh).serial > 0, 'a code without a serial would be dead on arrival');
  assert.equal(decoded(fresh).revoked, false);
  assert.match(ok('decode', first), /revoked {4}yes, 新码在卫生室，墙上/);
  const listed = JSON.parse(ok('list', '--area', id, '--json'));
  assert.deepEqual(listed.map((one) => one.kind), ['serial', 'serial', 'serial', 'revoked', 'revoked', 'serial']);
  assert.deepEqual(listed.map((one) => one.area), Array(6).fill(id));
  const lines = fs.readFileSync(codes, 'utf8');
  fails(1, /serial \d+ is revoked already/, 'revoke', first, '--hint', '新码在别处');
  fails(1, /serial \d+ is revoked already/, 'revoke', second);
  assert.equal(fs.readFileSync(codes, 'utf8'), lines, 'nothing is written twice');
  assert.match(ok('list'), /revoked {2}20\d\d-\d\d-\d\d +\d+ {2}370115110203 .*新码在卫生室，墙上/);
});

test('a merged village: its old paper says what it is now, and no new one is printed', () => {
  fs.writeFileSync(at('merged.csv'), 'id,parent,level,name\nc,,county,试验县\nt,c,town,东镇\nv-1,t,village,上村\nv-2,t,village,下村\n');
  const before = ['--set', `areas.file=${at('merged.csv')}`];
  const link = ok('code', ...before, '--area', 'v-1').trim();
  fs.writeFileSync(at('after.csv'), 'id,parent,level,name\nc,,county,试验县\nt,c,town,东镇\nv-2,t,village,下村\nalias,v-1,v-2\n');
  const now = ['--set', `areas.file=${at('after.csv')}`];
  const found = decoded(link, ...now);
  assert.match(found.area.path, /下村$/);
  fails(1, /area v-1 was merged, print for v-2/, 'code', ...now, '--area', 'v-1');
});

test('two poster runs at once share no serial', async () => {
  const runs = [1, 2].map((n) => new Promise((resolve) => {
    import('node:child_process').then(({ execFile }) => execFile(program, ['poster', '-c', conf, '--areas', '370115008', '-o', at(`both${n}.pdf`), '--json'], { env },
      (error, out) => resolve(error ?? JSON.parse(out))));
  }));
  const [a, b] = await Promise.all(runs);
  assert.ok(a.last_serial < b.first_serial || b.last_serial < a.first_serial, JSON.stringify([a, b]));
  const serials = fs.readFileSync(codes, 'utf8').split('\n').filter((line) => line.startsWith('serial,')).map((line) => Number(line.split(',')[1]));
  assert.deepEqual(serials, [...Array(serials.length).keys()].map((n) => n + 1));
});

test('wrong usage is 2, wrong configuration 78, and what failed leaves no file', () => {
  fails(2, /--area ID is needed/, 'code');
  fails(2, /--wall: unknown option/, 'code', '--wall');
  fails(2, /--area: needs a value/, 'code', '--area');
  fails(2, /--drill: takes no value/, 'code', '--area', village, '--drill=yes');
  fails(2, /--placement: allowed are board/, 'code', '--area', village, '--placement', 'list');
  fails(2, /--layout: a3 is not built/, 'poster', '--areas', village, '--layout', 'a3');
  fails(2, /--areas/, 'poster');
  fails(2, /one link or code/, 'decode');
  fails(2, /unknown command/, 'print');
  fails(1, /area 370115999999 is unknown/, 'code', '--area', '370115999999');
  fails(1, /area 37 is a province/, 'code', '--area', '37');
  fails(1, /list\.bad:2: .*area 1 is unknown/, 'poster', '--areas', (fs.writeFileSync(at('list.bad'), `${village}\n1\n`), at('list.bad')), '-o', at('bad.pdf'));
  const before = fs.readFileSync(codes, 'utf8');
  fails(1, /holds one page/, 'poster', '--areas', '370115008', '-o', at('bad.png'));
  assert.equal(fs.readFileSync(codes, 'utf8'), before);
  const taken = fs.readFileSync(codes, 'utf8');
  for (const name of ['x.pdf', 'x.png']) fails(1, /nowhere/, 'poster', '--areas', village, '-o', `/nowhere/${name}`);
  fs.mkdirSync(at('folder.pdf'));
  fs.mkdirSync(at('folder.png'));
  for (const name of ['folder.pdf', 'folder.png']) fails(1, /folder\.p.*: Is a directory/, 'poster', '--areas', village, '-o', at(name));
  assert.equal(fs.readFileSync(codes, 'utf8'), taken, 'a poster that cannot be written takes no serial');
  fails(78, /nowhere\.json: No such file/, 'code', '--area', village, '--set', 'crypto.keyring_file=/nowhere.json');
  fails(78, /public\.titel/, 'code', '--area', village, '--set', 'public.titel=x');
  fs.writeFileSync(at('broken.csv'), 'serial,1,A,board,2026-01-01\nwhat is this\n');
  fails(78, /broken\.csv:2: /, 'list', '--set', `areas.codes=${at('broken.csv')}`);
  for (const name of ['bad.pdf', 'bad.pdf~', 'bad.png']) assert.ok(!fs.existsSync(at(name)), name);
  for (const command of ['code', 'poster', 'decode', 'revoke', 'list']) {
    const { code, out, err } = run(command, '--help');
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.ok(out.startsWith(`mashang-qr ${command}`), 'examples first');
  }
});
