// HTTP over raw sockets: what is malformed is refused and the connection closed, what is slow is ended, what is right is right in every framing.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { encode, fieldsOf, file, get, household, textOf, titleOf, tokenOf } from '../lib/farmer.mjs';
import { startSystem } from '../lib/system.mjs';

let system;
let code;
let token;
before(async () => {
  system = await startSystem({ upstream: false, conf: { 'limits.head_ms': 700, 'limits.body_ms': 900, 'limits.idle_ms': 1300 } });
  code = system.code();
  token = tokenOf((await get(system.base + code)).html);
});
after(() => system?.stop());

// Sends parts one after another, collects what comes until the other side closes, has said something and then nothing for `quiet` ms, or `ms`
// have passed.
function talk(parts, { ms = 600, pause = 0, port = system.port, quiet = Infinity } = {}) {
  return new Promise((resolve, reject) => {
    const got = [];
    const from = performance.now();
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.setNoDelay(true);
    const finish = (closed) => { socket.destroy(); resolve({ raw: Buffer.concat(got), closed, ms: performance.now() - from }); };
    const timer = setTimeout(() => finish(false), ms);
    let silence;
    const stop = () => { clearTimeout(timer); clearTimeout(silence); };
    socket.on('data', (part) => {
      got.push(part);
      clearTimeout(silence);
      if (quiet < ms) silence = setTimeout(() => { stop(); finish(false); }, quiet);
    });
    socket.on('end', () => { stop(); finish(true); });
    socket.on('error', (error) => { stop(); if (got.length || ['ECONNRESET', 'EPIPE'].includes(error.code)) finish(true); else reject(error); });
    socket.on('connect', async () => {
      for (const part of [parts].flat()) {
        if (socket.destroyed || socket.writableEnded) return;
        socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
        if (pause) await sleep(pause);
      }
    });
  });
}

// The answers in a stream of bytes; `heads` names those that answer HEAD and so have no body.
function answers(raw, heads = []) {
  const found = [];
  let at = 0;
  while (at < raw.length) {
    const blank = raw.indexOf('\r\n\r\n', at);
    if (blank < 0) break;
    const [first, ...lines] = raw.subarray(at, blank).toString('latin1').split('\r\n');
    const match = first.match(/^HTTP\/1\.1 (\d{3}) /);
    assert.ok(match, `not a status line: ${first.slice(0, 60)}`);
    const status = Number(match[1]);
    const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
    const bodyless = status < 200 || status === 204 || status === 304 || heads.includes(found.length);
    const length = bodyless ? 0 : Number(headers['content-length'] ?? raw.length - blank - 4);
    found.push({ status, headers, body: raw.subarray(blank + 4, blank + 4 + length) });
    at = blank + 4 + length;
  }
  return found;
}
const one = async (parts, more) => { const said = await talk(parts, { quiet: 100, ...more }); return { ...said, all: answers(said.raw), ...answers(said.raw)[0] }; };

const next = 'GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n';
const form = (fields) => encode(fields).toString();
const postHead = (more) => `POST ${code} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n${more}\r\n`;

function humanPage({ headers, body }) {
  assert.match(headers['content-type'], /^text\/html; charset=utf-8/i);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.match(headers['content-security-policy'], /frame-ancestors 'none'/);
  assert.ok(!/'unsafe-inline'/.test(headers['content-security-policy']));
  assert.ok(textOf(body.toString()).includes('0531-00000000'), 'it names the hotline');
}

describe('malformed: refused, closed, and what stands behind it is not read', () => {
  const lines = (...more) => `${more.join('\r\n')}\r\n\r\n`;
  const cases = [
    ['no Host', lines('GET / HTTP/1.1')], ['two Hosts', lines('GET / HTTP/1.1', 'Host: a', 'Host: a')], ['two Hosts, differing', lines('GET / HTTP/1.1', 'Host: a', 'host: b')],
    ['bare LF', 'GET / HTTP/1.1\nHost: a\n\n'], ['bare LF in a field', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'], ['bare CR in a field', 'GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n'], ['the smuggling form', 'GET / HTTP/1.1\r\nHost: a\r\nX:\rContent-Length: 30\r\n\r\n'],
    ['NUL in a value', lines('GET / HTTP/1.1', 'Host: a', 'X: a\0b')], ['NUL in the line', lines('GET /\0 HTTP/1.1', 'Host: a')], ['control in the line', lines('GET /\x01 HTTP/1.1', 'Host: a')], ['DEL in the line', lines('GET /\x7f HTTP/1.1', 'Host: a')],
    ['obs-fold', lines('GET / HTTP/1.1', 'Host: a', 'X: b', ' c')], ['obs-fold with a tab', lines('GET / HTTP/1.1', 'Host: a', 'X: b', '\tc')], ['first field folded', lines('GET / HTTP/1.1', ' Host: a')],
    ['blank before the colon', lines('GET / HTTP/1.1', 'Host : a')], ['blank in a name', lines('GET / HTTP/1.1', 'Host: a', 'X Y: b')], ['empty name', lines('GET / HTTP/1.1', 'Host: a', ': b')], ['no colon', lines('GET / HTTP/1.1', 'Host: a', 'nothing')],
    ['a name that is no token', lines('GET / HTTP/1.1', 'Host: a', 'X(: b')], ['a name above 127', lines('GET / HTTP/1.1', 'Host: a', 'X\xe9: b')],
    ['HTTP/2.0', lines('GET / HTTP/2.0', 'Host: a'), [400, 505]], ['HTTP/1.2', lines('GET / HTTP/1.2', 'Host: a'), [400, 505]], ['HTTP/0.9', 'GET /\r\n\r\n', [400, 505]], ['http/1.1', lines('GET / http/1.1', 'Host: a'), [400, 505]], ['no version', lines('GET / ', 'Host: a')], ['two blanks', lines('GET  / HTTP/1.1', 'Host: a')], ['blank at the end', lines('GET / HTTP/1.1 ', 'Host: a')], ['a tab', lines('GET\t/ HTTP/1.1', 'Host: a')],
    ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 405, 501, 505]], ['TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400]], ['lower case method', lines('get / HTTP/1.1', 'Host: a'), [400, 405, 501]], ['CONNECT', lines('CONNECT a:1 HTTP/1.1', 'Host: a'), [400, 405, 501]], ['RTSP', lines('DESCRIBE rtsp://a/ RTSP/1.0', 'Host: a'), [400, 405, 501, 505]],
    ['TE on 1.0', lines('POST / HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked')], ['TE with CL', lines(`POST ${'/'} HTTP/1.1`, 'Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 5')], ['CL with TE', lines('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5', 'Transfer-Encoding: chunked')],
    ...['gzip', 'chunked, chunked', 'chunked, gzip', 'gzip, chunked', 'identity', 'xchunked', 'chunked;q=1', '"chunked"', ''].map((te) => [`TE ${te}`, lines('POST / HTTP/1.1', 'Host: a', `Transfer-Encoding: ${te}`), [400, 501]]),
    ['TE twice', lines('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), [400, 501]],
    ...['+5', '-1', '0x5', '5 5', '', '5,6', '5, 5', '5.0', '1e1', 'five', '99999999999999999999999', '18446744073709551621'].map((cl) => [`CL ${cl}`, lines('POST / HTTP/1.1', 'Host: a', `Content-Length: ${cl}`), [400, 413]]),
    ['two CLs, differing', lines('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5', 'Content-Length: 6')],
    ['a head of 17 KiB', lines('GET / HTTP/1.1', 'Host: a', `X: ${'a'.repeat(17 * 1024)}`), [400, 431]], ['a line of 17 KiB', lines(`GET /${'a'.repeat(17 * 1024)} HTTP/1.1`, 'Host: a'), [400, 414, 431]], ['101 fields', lines('GET / HTTP/1.1', 'Host: a', ...Array.from({ length: 101 }, (_, i) => `X${i}: b`)), [400, 431]], ['a head without end', `GET / HTTP/1.1\r\nHost: a\r\n${'X: b\r\n'.repeat(6000)}`, [400, 431]],
    ['a blank first', ` ${lines('GET / HTTP/1.1', 'Host: a')}`], ['garbage', '\x80\x81\x82\x83\r\n\r\n'],
    ['no origin-form', lines('GET robots.txt HTTP/1.1', 'Host: a')],
    ['a bad chunk size', `POST ${'/progress'} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\ng\r\nhello\r\n0\r\n\r\n`], ['a negative chunk', 'POST /progress HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n'], ['a chunk of 0x', 'POST /progress HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n'],
    ['a chunk without its end', 'POST /progress HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n'], ['a chunk ended by LF', 'POST /progress HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n'], ['a chunk size past 64 bits', 'POST /progress HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n', [400, 413]], ['no chunk size', 'POST /progress HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n'],
    ['a trailer that is none', 'POST /progress HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX Y: b\r\n\r\n'],
  ];
  for (const [what, bytes, wanted = [400]] of cases) {
    test(what, async () => {
      const said = await one([bytes + next], { ms: 500 });
      assert.ok(said.raw.length, 'an answer at once, not at the deadline');
      assert.equal(said.all.length, 1, 'one answer, the request behind it is not read');
      assert.ok(wanted.includes(said.status), `${said.status}`);
      assert.ok(said.closed, 'closed');
      assert.equal(said.headers.connection, 'close');
      humanPage(said);
    });
  }
  test('a head that is already wrong is answered before it is complete', async () => {
    for (const bytes of ['GET / HTTP/1.1\nHo', 'GET /\0', '\x16\x03\x01']) {
      const said = await one([bytes], { ms: 400 });
      assert.equal(said.status, 400, JSON.stringify(bytes));
      assert.ok(said.ms < 350);
    }
  });
});

describe('unusual, but right', () => {
  const cases = [
    ['absolute form', 'GET http://a/robots.txt HTTP/1.1\r\nHost: a\r\n\r\n', 200], ['HTTP/1.0 without Host', 'GET /robots.txt HTTP/1.0\r\n\r\n', 200, true], ['Connection: close', 'GET /robots.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 200, true],
    ['many blanks around a value', 'GET /robots.txt HTTP/1.1\r\nHost:  \t a \t \r\n\r\n', 200], ['an empty value', 'GET /robots.txt HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n', 200], ['bytes above 127 in a value', 'GET /robots.txt HTTP/1.1\r\nHost: a\r\nX: \xe8\xaf\x95\r\n\r\n', 200],
    ['an empty line first', '\r\nGET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n', [200, 400]], ['Upgrade is not followed', 'GET /robots.txt HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n', 200],
    ['a GET with a body', 'GET /robots.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello', [200, 400]], ['99 fields', `GET /robots.txt HTTP/1.1\r\nHost: a\r\n${Array.from({ length: 99 }, (_, i) => `X${i}: b\r\n`).join('')}\r\n`, 200], ['a head of 15 KiB', `GET /robots.txt HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(15 * 1024)}\r\n\r\n`, 200],
    ['a query is ignored', 'GET /robots.txt?x=1 HTTP/1.1\r\nHost: a\r\n\r\n', [200, 404]],
  ];
  for (const [what, bytes, wanted, closed = false] of cases) {
    test(what, async () => {
      const whole = await one([bytes], { ms: 250 });
      assert.ok([wanted].flat().includes(whole.status), `${whole.status}`);
      if (whole.status === 200) assert.equal(whole.closed, closed);
      const sliced = await one([...bytes.slice(0, 300)].concat(bytes.slice(300)), { ms: 600, pause: 0 });
      assert.equal(sliced.status, whole.status, 'byte by byte');
      assert.deepEqual(sliced.body, whole.body);
    });
  }
  test('a whole form, byte by byte over many packets', async () => {
    const body = form({ token, step: 'check', ...household() });
    const bytes = postHead(`Content-Length: ${body.length}\r\n`) + body;
    const parts = bytes.match(/[\s\S]{1,7}/g);
    const said = await one(parts, { ms: 1200, pause: 1 });
    assert.equal(said.status, 200);
    assert.match(titleOf(said.body.toString()), /^请您看一遍/);
  });
});

describe('framing', () => {
  test('pipelined requests are answered in order', async () => {
    const body = form({ token, step: 'check', ...household() });
    const said = await talk([
      next, 'GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n', postHead(`Content-Length: ${body.length}\r\n`) + body, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /progress HTTP/1.1\r\nHost: a\r\n\r\n', postHead(`Content-Length: 0\r\n`), `GET ${code} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, next,
    ].join(''), { ms: 2000 });
    const all = answers(said.raw, [3]);
    assert.deepEqual(all.map((each) => each.status), [200, 404, 200, 200, 200, 422, 200]);
    assert.match(all[0].body.toString(), /Disallow/);
    assert.match(titleOf(all[4].body.toString()), /^查进度/);
    assert.ok(tokenOf(all[6].body.toString()));
    assert.ok(said.closed, 'nothing after close');
  });
  test('fifty pipelined reports: fifty answers', async () => {
    const bodies = Array.from({ length: 50 }, () => form({ token, step: 'submit', consent: '1', ...household() }));
    const said = await talk(bodies.map((body) => postHead(`Content-Length: ${body.length}\r\n`) + body).join(''), { ms: 2500 });
    const all = answers(said.raw);
    assert.equal(all.filter((each) => each.status === 303).length, 50);
    assert.equal(new Set(all.map((each) => each.headers.location)).size, 50);
  });
  for (const where of ['/', '/progress', '/robots.txt', '/nothing', 'CODE', '/V/AAAA']) {
    test(`HEAD ${where}: the head of GET, no body, the connection stays`, async () => {
      const target = where === 'CODE' ? code : where;
      const said = await talk(`HEAD ${target} HTTP/1.1\r\nHost: a\r\n\r\nGET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, { ms: 300 });
      const [head, full] = answers(said.raw, [0]);
      assert.equal(head.status, full.status);
      for (const name of ['content-type', 'cache-control', 'content-security-policy', 'content-length', 'etag']) assert.equal(head.headers[name], full.headers[name], name);
    });
  }
  test('HEAD: not a byte of a body', async () => {
    const said = await talk('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.equal(said.raw.length, said.raw.indexOf('\r\n\r\n') + 4);
  });
  test('100-continue', async () => {
    const body = form({ token, step: 'check', ...household() });
    const said = await talk([postHead(`Content-Length: ${body.length}\r\nExpect: 100-continue\r\n`), body], { pause: 150, ms: 700, quiet: 300 });
    assert.deepEqual(answers(said.raw).map((each) => each.status), [100, 200]);
    const large = await one([postHead('Content-Length: 70000\r\nExpect: 100-continue\r\n')], { ms: 500 });
    assert.deepEqual(large.all.map((each) => each.status), [413]);
    assert.equal((await one([postHead('Content-Length: 5\r\nExpect: tea\r\n')], { ms: 300 })).status, 417);
  });
  const chunked = (body, size, { ext = '', trailers = '' } = {}) => `${body.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')).map((part) => `${part.length.toString(16)}${ext}\r\n${part}\r\n`).join('')}0\r\n${trailers}\r\n`;
  for (const [what, size, more] of [['one chunk', 100000], ['chunks of one byte', 1], ['chunks of 7, upper and lower case sizes', 7], ['chunk extensions', 50, { ext: ';a=b' }], ['trailers are dropped', 50, { trailers: 'X: y\r\nContent-Length: 5\r\n' }]]) {
    test(`chunked: ${what}`, async () => {
      const body = form({ token, step: 'check', ...household({ detail: '情况'.repeat(20) }) });
      const said = await one([postHead('Transfer-Encoding: chunked\r\n') + chunked(body, size, more) + next], { ms: 400 });
      assert.deepEqual(said.all.map((each) => each.status), [200, 200]);
      assert.match(titleOf(said.body.toString()), /^请您看一遍/);
    });
  }
  const part = (name, value, more = '') => `--XX\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${Buffer.from(value).toString('latin1')}\r\n`;
  const multipart = (body, type = 'multipart/form-data; boundary=XX') => one([`POST ${code} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`], { ms: 400 });
  test('multipart: as a browser sends it', async () => {
    const data = new FormData();
    for (const [name, value] of Object.entries({ token, step: 'check', ...household({ detail: '第一行\r\n--XX\r\n第三行', risk: 'accident' }) })) data.append(name, value);
    data.append('risk', 'jobs');
    const answer = await fetch(system.base + code, { method: 'POST', body: data });
    const html = await answer.text();
    assert.equal(answer.status, 200, titleOf(html));
    assert.deepEqual(fieldsOf(html).filter(([name]) => name === 'risk').map(([, value]) => value), ['accident', 'jobs']);
    assert.equal(new Map(fieldsOf(html)).get('detail').replace(/\r\n/g, '\n'), '第一行\n--XX\n第三行');
  });
  test('multipart: by hand, quoted boundary, other parameters', async () => {
    const answersGiven = Object.entries({ token, step: 'check', ...household({ risk: 'accident' }) }).map(([name, value]) => part(name, value)).join('');
    for (const [body, type] of [[`${answersGiven}--XX--\r\n`], [`${answersGiven}--XX--`], [`${answersGiven}--XX--\r\n`, 'multipart/form-data; boundary="XX"'], [`${answersGiven}--XX--\r\n`, 'Multipart/Form-Data; charset=utf-8; boundary=XX']]) {
      assert.equal((await multipart(body, type)).status, 200);
    }
  });
  test('multipart: preamble and epilogue are skipped (RFC 2046)', async () => {
    const given = Object.entries({ token, step: 'check', ...household({ risk: 'accident' }) }).map(([name, value]) => part(name, value)).join('');
    assert.equal((await multipart(`${given}--XX--\r\nepilogue`)).status, 200);
    assert.equal((await multipart(`preamble\r\n${given}--XX--\r\n`)).status, 200);
  });
  for (const [what, body, type] of [['no end', part('name', 'x')], ['no boundary', part('name', 'x') + '--XX--\r\n', 'multipart/form-data'], ['empty boundary', part('name', 'x') + '--XX--\r\n', 'multipart/form-data; boundary='], ['another boundary', part('name', 'x') + '--XX--\r\n', 'multipart/form-data; boundary=YY'], ['a part without name', '--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n'], ['a part without end of its head', '--XX\r\nContent-Disposition: form-data; name="a"\r\nx\r\n--XX--\r\n'], ['nothing', '']]) {
    test(`multipart, broken: ${what}`, async () => {
      const said = await multipart(body, type);
      assert.ok([400, 415, 422].includes(said.status), `${said.status}`);
      humanPage(said);
    });
  }
  for (const type of ['application/json', 'text/plain', 'image/png', '', 'x']) {
    test(`a body of type ${type || 'nothing'}: refused by a page`, async () => {
      const said = await one([`POST ${code} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: 2\r\n\r\n{}`], { ms: 300 });
      assert.ok([400, 415, 422].includes(said.status), `${said.status}`);
      humanPage(said);
    });
  }
});

describe('too much', () => {
  test('64 KiB and a byte: 413 before the body, a page, closed', async () => {
    const said = await one([postHead(`Content-Length: ${64 * 1024 + 1}\r\n`)], { ms: 2600 });
    assert.equal(said.status, 413);
    assert.ok(said.closed);
    humanPage(said);
  });
  test('64 KiB are read', async () => {
    const body = `detail=${'a'.repeat(64 * 1024 - 7)}`;
    assert.equal((await one([postHead(`Content-Length: ${body.length}\r\n`) + body], { ms: 600 })).status, 422);
  });
  test('who sends 200 KiB first still reads the answer', async () => {
    const said = await one([postHead(`Content-Length: ${200 * 1024}\r\n`), 'a'.repeat(200 * 1024)], { ms: 3000 });
    assert.equal(said.status, 413);
    assert.equal(said.all.length, 1);
    assert.ok(said.closed);
  });
  test('chunked without end', async () => {
    const said = await one([postHead('Transfer-Encoding: chunked\r\n'), ...Array(10).fill(`4000\r\n${'a'.repeat(0x4000)}\r\n`)], { ms: 3000 });
    assert.equal(said.status, 413);
    assert.ok(said.closed);
    humanPage(said);
  });
  test('a thousand fields in a form', async () => {
    const body = Array.from({ length: 5000 }, (_, i) => `a${i}=1`).join('&');
    assert.ok([400, 413, 422].includes((await one([postHead(`Content-Length: ${body.length}\r\n`) + body], { ms: 600 })).status));
  });
});

describe('too slow: deadlines are absolute', () => {
  test('half a head: 408 and closed', async () => {
    const said = await one(['GET / HTTP/1.1\r\nHost: a\r\n'], { ms: 3000 });
    assert.equal(said.status, 408);
    assert.ok(said.closed);
    assert.ok(said.ms > 600 && said.ms < 2000, `${said.ms}`);
    humanPage(said);
  });
  test('a byte now and then does not help', async () => {
    const said = await one([...`GET / HTTP/1.1\r\nHost: a\r\nX: ${'b'.repeat(40)}`], { ms: 4000, pause: 100 });
    assert.equal(said.status, 408);
    assert.ok(said.ms > 600 && said.ms < 2000, `${said.ms}`);
  });
  test('half a body: 408 and closed', async () => {
    const said = await one([`${postHead('Content-Length: 100\r\n')}name=`], { ms: 4000 });
    assert.equal(said.status, 408);
    assert.ok(said.closed);
    assert.ok(said.ms > 800 && said.ms < 2500, `${said.ms}`);
  });
  test('a body by drops', async () => {
    const said = await one([postHead('Content-Length: 100\r\n'), ...'a'.repeat(60)], { ms: 4000, pause: 100 });
    assert.equal(said.status, 408);
    assert.ok(said.ms < 2500, `${said.ms}`);
  });
  test('a connection that says nothing is closed without a word', async () => {
    const said = await talk([], { ms: 3500 });
    assert.ok(said.closed);
    assert.ok(said.ms < 3000);
  });
  test('a connection kept alive and idle is closed without a word', async () => {
    const said = await talk([next], { ms: 4000 });
    assert.equal(answers(said.raw).length, 1);
    assert.ok(said.closed);
    assert.ok(said.ms > 1000, `${said.ms}`);
  });
  test('others are served meanwhile', async () => {
    const slow = Array.from({ length: 50 }, () => talk(['GET / HTTP/1.1\r\n'], { ms: 1500 }));
    await sleep(50);
    const from = performance.now();
    assert.equal((await get(system.base + code)).status, 200);
    assert.ok(performance.now() - from < 500);
    assert.ok((await Promise.all(slow)).every((each) => answers(each.raw)[0].status === 408));
  });
  test('who goes away in the middle harms nobody', async () => {
    for (let i = 1; i < 30; i += 3) await talk([(postHead('Content-Length: 9\r\n') + 'name=abcd').slice(0, i * 5)], { ms: 5 });
    assert.equal((await get(system.base + code)).status, 200);
  });
});

describe('gzip and caching', () => {
  const form200 = (headers) => one([`GET ${code} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`], { ms: 250 });
  for (const [accept, zipped] of [['', false], ['Accept-Encoding: gzip\r\n', true], ['Accept-Encoding: gzip, deflate, br\r\n', true], ['accept-encoding: GZIP\r\n', true], ['Accept-Encoding: br\r\n', false], ['Accept-Encoding: identity\r\n', false], ['Accept-Encoding: gzip;q=0\r\n', false], ['Accept-Encoding: gzip;q=0.5\r\n', true], ['Accept-Encoding: gzip; q=0.0, br\r\n', false], ['Accept-Encoding: xgzip\r\n', false], ['Accept-Encoding: deflate\r\n', false]]) {
    test(`gzip: ${accept.trim() || 'not asked for'}`, async () => {
      const said = await form200(accept);
      assert.equal(said.status, 200);
      assert.equal(said.headers['content-encoding'] === 'gzip', zipped);
      assert.match(said.headers.vary, /accept-encoding/i);
      const html = (zipped ? gunzipSync(said.body) : said.body).toString();
      assert.ok(tokenOf(html));
      if (zipped) assert.ok(said.raw.length <= 13000, `${said.raw.length} bytes`);
    });
  }
  test('ETag and 304', async () => {
    for (const encoding of ['', 'Accept-Encoding: gzip\r\n']) {
      const { headers } = await form200(encoding);
      assert.match(headers.etag, /^"[^"]+"$/);
      assert.equal(headers['cache-control'], 'private, no-cache');
      for (const match of [headers.etag, `W/${headers.etag}`, `"x", ${headers.etag}`, `"x",W/${headers.etag}`, '*']) {
        const kept = await form200(`${encoding}If-None-Match: ${match}\r\n`);
        assert.equal(kept.status, 304, match);
        assert.equal(kept.raw.length, kept.raw.indexOf('\r\n\r\n') + 4, 'no body');
        assert.equal(kept.headers.etag, headers.etag);
      }
      for (const match of ['"x"', '', 'x', headers.etag.slice(1, -1), `${headers.etag.slice(0, -1)}x"`]) assert.equal((await form200(`${encoding}If-None-Match: ${match}\r\n`)).status, 200, match);
    }
    assert.notEqual((await form200('')).headers.etag, (await form200('Accept-Encoding: gzip\r\n')).headers.etag, 'a variant has a tag of its own');
  });
  test('what is personal is never kept', async () => {
    const answer = await file(system.base, code, household());
    const where = answer.headers.get('location');
    for (const headers of ['', 'If-None-Match: *\r\n']) {
      const said = await one([`GET ${where} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`], { ms: 250 });
      assert.equal(said.status, 200);
      assert.equal(said.headers['cache-control'], 'no-store');
      assert.equal(said.headers.etag, undefined);
    }
    for (const fields of [{ step: 'check', ...household() }, { step: 'check' }, { step: 'submit', consent: '1', ...household() }]) {
      const said = await fetch(system.base + code, { method: 'POST', redirect: 'manual', body: encode({ token, ...fields }) });
      assert.equal(said.headers.get('cache-control'), 'no-store', `${said.status}`);
    }
  });
});

describe('methods, paths, origins', () => {
  for (const [where, methods, allowed] of [['CODE', ['PUT', 'DELETE', 'PATCH'], ['GET', 'POST']], ['/', ['POST', 'PUT', 'DELETE'], ['GET']], ['/progress', ['PUT', 'DELETE'], ['GET', 'POST']], ['/robots.txt', ['POST', 'DELETE'], ['GET']], ['/r/412938471655-f0', ['PUT', 'DELETE'], ['GET']]]) {
    for (const method of methods) {
      test(`${method} ${where}: 405, Allow, a page`, async () => {
        const said = await one([`${method} ${where === 'CODE' ? code : where} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`], { ms: 250 });
        assert.equal(said.status, 405);
        const allow = said.headers.allow.split(/, */);
        for (const name of allowed) assert.ok(allow.includes(name), said.headers.allow);
        assert.ok(!allow.includes(method));
        humanPage(said);
      });
    }
  }
  for (const where of ['/nothing', '/V', '/V/', '/V/1', '/V/%00', '/V/../../etc/passwd', '/../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '//', '//V', '/V/AAAAAAAAAAAAAAAAAAAAA', `/V/${'A'.repeat(3000)}`, '/v/', '/index.html', '/console', '/.git/config', '/r/000000000000', '/favicon.ico', '/%zz', '/%', '/%ff', '/a%0d%0aX:%20y', '/metrics', '/livez', '/readyz', '/received', '/control']) {
    test(`unknown: ${where.slice(0, 40)}`, async () => {
      const said = await one([`GET ${where} HTTP/1.1\r\nHost: a\r\n\r\n`], { ms: 250 });
      assert.ok(said.status === 404 || (said.status === 400 && /%|\.\./.test(where)), `${said.status}`);
      assert.equal(said.headers.x, undefined);
      if (where !== '/favicon.ico') humanPage(said);
    });
  }
  for (const where of ['/api', '/api/', '/api/v1', '/api/v1/reports', '/api/v1/nothing', '/api/v2', '/hooks', '/hooks/', '/hooks/nothing']) {
    test(`unknown: ${where} as problem+json`, async () => {
      const said = await one([`GET ${where} HTTP/1.1\r\nHost: a\r\n\r\n`], { ms: 250 });
      assert.ok([404, 401].includes(said.status), `${said.status}`);
      assert.match(said.headers['content-type'], /^application\/problem\+json/);
      const problem = JSON.parse(said.body);
      assert.equal(problem.status ?? said.status, said.status);
      assert.ok(problem.title || problem.type);
    });
  }
  test('too large under /hooks and /api is problem+json as well', async () => {
    for (const where of ['/hooks/upstream', '/api/v1/reports']) {
      const said = await one([`POST ${where} HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n`], { ms: 400 });
      assert.equal(said.status, 413, where);
      assert.match(said.headers['content-type'], /^application\/problem\+json/);
    }
  });
  for (const [site, wanted] of [['cross-site', 403], ['same-origin', 200], ['none', 200], [null, 200]]) {
    test(`Sec-Fetch-Site: ${site} on POST`, async () => {
      const body = form({ token, step: 'check', ...household() });
      const said = await one([postHead(`${site ? `Sec-Fetch-Site: ${site}\r\n` : ''}Content-Length: ${body.length}\r\n`) + body], { ms: 300 });
      assert.equal(said.status, wanted);
      if (wanted === 403) humanPage(said);
    });
  }
  test('a link from elsewhere may be opened', async () => {
    assert.equal((await one([`GET ${code} HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\r\n`], { ms: 250 })).status, 200);
  });
  test('cross-site on /progress and with a receipt', async () => {
    assert.equal((await fetch(`${system.base}/progress`, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' }, body: 'receipt=1&last4=2' })).status, 403);
  });
  test('the answer names no server version and sets no cookie', async () => {
    const said = await one([next], { ms: 250 });
    assert.ok(!/\d/.test(said.headers.server ?? ''));
    assert.equal(said.headers['set-cookie'], undefined);
    assert.ok(said.headers.date);
  });
  test('the log keeps no query, no body and no header of a visitor', async () => {
    const secret = '370115196001019999';
    await talk(`GET /?id=${secret} HTTP/1.1\r\nHost: ${secret}\r\nX-Forwarded-For: ${secret}\r\nUser-Agent: ${secret}\r\n\r\n`, { ms: 150 });
    await talk(`GET /${secret} HTTP/1.1\r\nHost: a\r\n\r\n`, { ms: 150 });
    await talk(`GET /?id=${secret} HTTP/1.1\nHost: ${secret}\n\n`, { ms: 150 });
    assert.ok(!system.logText().includes(secret));
  });
});

describe('whose address it is', () => {
  const burst = async (port, forwarded) => {
    const all = [];
    for (let i = 0; i < 40; i += 1) all.push(one([`GET /robots.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${forwarded ? `X-Forwarded-For: ${forwarded(i)}\r\n` : ''}\r\n`], { port, ms: 2000 }));
    const done = await Promise.all(all);
    return { refused: done.filter((each) => each.status === 429 || each.status === 503), served: done.filter((each) => each.status === 200) };
  };
  const conf = { 'limits.address_per_s': 5, 'limits.address_exempt': '10.9.9.9/32' };
  test('behind a trusted proxy each visitor counts alone, by the last address that is not the proxy', async () => {
    const trusting = await startSystem({ upstream: false, workers: 1, conf: { ...conf, 'listen.trusted_proxies': '127.0.0.1/32 10.1.0.0/16' } });
    try {
      assert.equal((await burst(trusting.port, (i) => `192.0.2.${i}`)).refused.length, 0, 'forty visitors');
      const same = await burst(trusting.port, () => '198.51.100.7');
      assert.ok(same.refused.length >= 20, `one visitor forty times: ${same.refused.length} refused`);
      assert.ok(Number(same.refused[0].headers['retry-after']) > 0);
      humanPage(same.refused[0]);
      assert.ok((await burst(trusting.port, (i) => `203.0.113.${i}, 198.51.100.8`)).refused.length >= 20, 'what the visitor claims before it does not count');
      assert.equal((await burst(trusting.port, (i) => `192.0.3.${i}, 10.1.2.3`)).refused.length, 0, 'a second proxy of ours');
      assert.ok((await burst(trusting.port, (i) => `2001:db8:1:2::${i.toString(16)}`)).refused.length >= 20, 'an IPv6 /64 is one');
      assert.equal((await burst(trusting.port, (i) => `2001:db8:2:${i.toString(16)}::1`)).refused.length, 0);
      assert.equal((await burst(trusting.port, () => '10.9.9.9')).refused.length, 0, 'exempt');
    } finally {
      await trusting.stop();
    }
  });
  test('without trust nobody can choose an address', async () => {
    const plain = await startSystem({ upstream: false, workers: 1, conf });
    try {
      assert.ok((await burst(plain.port, (i) => `192.0.2.${i}`)).refused.length >= 20);
      await sleep(1100);
      assert.ok((await burst(plain.port, () => '10.9.9.9')).refused.length >= 20, 'nor claim to be exempt');
    } finally {
      await plain.stop();
    }
  });
  test('loopback is exempt by default', async () => {
    assert.equal((await burst(system.port)).refused.length, 0);
  });
});
