// A durable report: the form's submit against redis-benchmark calling the same function, accept_2, with arguments of the same shape and size.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { encode, household } from '../lib/farmer.mjs';
import { compare, connections, getRequest, load, loadCore, run, until, writeRequests } from './lib.mjs';

const perRound = Number(process.env.BENCH_REPORTS ?? 6000);

// Tokens from the form, people who do not exist: everything but the filing itself is done before.
export async function prepareReports(system, code, name, count) {
  const host = `127.0.0.1:${system.port}`;
  const form = writeRequests(path.join(system.dir, 'form.token'), [getRequest(code, host)]);
  const tokens = path.join(system.dir, `${name}.tokens`);
  await load(system.port, form, connections, '--count', count, '--take', 'name="token" value="', '"', tokens);
  const requests = fs.readFileSync(tokens, 'utf8').trim().split('\n').map((token) => {
    const body = encode({ token, step: 'submit', consent: '1', ...household(), role: 'head', detail: '上月摔伤住院，花费较多，家里老人也需要照顾，请村里来看一看。' }).toString();
    return `POST ${code} HTTP/1.1\r\nHost: ${host}\r\nAccept-Encoding: gzip\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  });
  return writeRequests(path.join(system.dir, name), requests);
}

// Files all of them; each must be answered by a receipt. Their addresses are in `receipts`.
export const fileReports = (system, requests) =>
  load(system.port, requests, connections, '--status', 303, '--take', 'Location: ', '\r\n', path.join(system.dir, 'receipts'));

// The call that the gateway makes for one report, byte by byte as Redis sees it.
async function seenCall(system, request) {
  const monitor = spawn('redis-cli', ['-s', system.redis.socket, 'MONITOR'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  monitor.stdout.setEncoding('latin1').on('data', (part) => { text += part; });
  try {
    await until('MONITOR', () => text.startsWith('OK'));
    await fileReports(system, request);
    const line = await until('the call', () => text.split('\n').find((one) => /"FCALL" "accept_2"/i.test(one) && text.includes(`${one}\n`)));
    return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1].replace(/\\x[0-9a-f]{2}|\\./g, '.'));
  } finally {
    monitor.kill();
  }
}

// redis-benchmark puts another number into each __rand_int__, 12 digits like a receipt; below 2^31 they are all of bucket 00.
// What differs from report to report and is looked up ends in one; a sealed blob keeps its size, its bytes are dots.
function peerCall(call) {
  const receipt = call[4];
  return call.map((word, i) => {
    if (i < 3) return word;
    if (i === 3) return 'ms:{00}';
    if (word === receipt) return '__rand_int__';
    const varies = /^[0-9a-f]{16,}$|^[\w-]{20,}$/i.test(word);
    return varies ? `${word.slice(0, -12)}__rand_int__` : word;
  });
}

const accepted = (system) => Number(system.redis.command('HGET', 'ms:{00}:n', 'accepted')) || 0;

// It seeds its numbers with time ^ pid, which two rounds may share: then all of the second are repeats, and it is run again.
async function peerRound(system, args) {
  for (let tries = 0; tries < 3; tries++) {
    const before = accepted(system);
    const said = await run(loadCore, 'redis-benchmark', args);
    if (accepted(system) - before >= perRound * 0.999) {
      return { answers: perRound, seconds: perRound / Number(said.trim().split('\n').at(-1).split('","')[1]) };
    }
  }
  throw new Error('redis-benchmark: its reports are not accepted');
}

export async function report(world) {
  const { system } = world;
  const code = system.code();
  let requests;
  const before = async (side) => {
    if (side === 'ours') requests = await prepareReports(system, code, 'reports', perRound);
  };
  const call = peerCall(await seenCall(system, await prepareReports(system, code, 'reports.one', 1)));
  const bytes = call.reduce((sum, word) => sum + word.length, 0);
  const args = ['-s', system.redis.socket, '-c', String(connections), '-P', '1', '-n', String(perRound), '-r', '2147483647', '--csv', ...call];
  const measured = await compare({
    ours: () => fileReports(system, requests),
    peer: () => peerRound(system, args),
  }, before);
  return [{ name: `durable report, ${bytes} bytes of arguments, against redis-benchmark`, ...measured, least: 0.7 }];
}
