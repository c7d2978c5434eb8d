// What the rows share: pinning, Redis, the gateway, load, medians. Core 0: the gateway or its peer. Core 1: Redis and the load.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { System, children, end, root, until } from '../lib/system.mjs';


export const rounds = Number(process.env.BENCH_ROUNDS ?? 7);
export const seconds = Number(process.env.BENCH_SECONDS ?? 1);
export const connections = 64;
export const tool = path.join(root, 'build/bench/load');
export const [serverCore, loadCore] = ['0', '1'];

export const say = (text) => process.stderr.write(`${text}\n`);

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function pin(core, ...pids) {
  for (const pid of pids) execFileSync('taskset', ['-a', '-c', '-p', core, String(pid)], { stdio: 'ignore' });
}

export const start = (core, program, args, options = {}) =>
  spawn('taskset', ['-c', core, program, ...args], { stdio: ['ignore', 'ignore', 'inherit'], ...options });

export async function run(core, program, args) {
  const child = start(core, program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (part) => { text += part; });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${code}: ${text}`);
  return text;
}

// A and B in turns, never at once, so that what else this machine does meets both. Rounds that others disturbed are followed by as many more,
// and the quietest count: chosen by what others took, never by what came out.
async function inTurns(arms, before) {
  const all = [];
  const disturbed = () => all.filter((round) => round.share > 0.1).length;
  for (const [name, arm] of Object.entries(arms)) await before(name).then(arm);
  while (all.length < rounds || (all.length < 2 * rounds && all.length - disturbed() < rounds)) {
    const results = {};
    const { share } = await foreignShare(async () => {
      for (const [name, arm] of Object.entries(arms)) results[name] = await before(name).then(arm);
    });
    all.push({ share, results });
  }
  all.sort((a, b) => a.share - b.share);
  const kept = all.slice(0, rounds);
  return { share: median(kept.map((round) => round.share)), results: kept.map((round) => round.results) };
}
export async function startRedis(dir) {
  const folder = path.join(dir, 'redis');
  const socket = path.join(folder, 'redis.sock');
  fs.mkdirSync(folder);
  const [records] = fs.readFileSync(path.join(root, 'deploy/redis/redis.conf'), 'utf8').match(/^hash-max-listpack-value .*$/m);
  fs.writeFileSync(path.join(folder, 'redis.conf'), `port 0
unixsocket "${socket}"
dir "${folder}"
logfile "${folder}/redis.log"
save ""
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
auto-aof-rewrite-percentage 0
maxmemory-policy noeviction
${records}
`);
  const serve = () => start(loadCore, 'redis-server', [path.join(folder, 'redis.conf')]);
  const answers = () => until('Redis', () => redis.command('PING') === 'PONG', { ms: 600000 });
  const redis = {
    child: serve(), socket,
    // from its file: what was a copy for a fork is plain memory again
    restart: async () => { await end(redis.child); redis.child = serve(); await answers(); },
    command: (...words) => execFileSync('redis-cli', ['-s', socket, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
  };
  await answers();
  return redis;
}

// A gateway with one web worker on core 0 and a durable Redis on core 1. Nothing is sent on: every event is held.
export async function startGateway(options = {}) {
  const system = new System({ workers: 1, upstream: false, degraded: true, ...options });
  try {
    system.redis = await startRedis(system.dir);
    system.options.conf = {
      'redis.url': `unix:${system.redis.socket}`, 'areas.codes': path.join(system.dir, 'codes.csv'), 'log.level': 'warning', ...options.conf,
    };
    await system.start();
    system.cli('mashang', 'store', 'load');
    await until('the store', async () => !/degraded/.test(await (await fetch(`${system.admin}/readyz`)).text()));
    pinGateway(system);
    return system;
  } catch (error) {
    await stopGateway(system);
    throw error;
  }
}

export const member = (system, name) => children(system.gateway.pid).find((child) => child.name === name)?.pid;
export function pinGateway(system) {
  pin(serverCore, system.gateway.pid, member(system, 'mashang-web'), member(system, 'mashang-forward'));
}

export async function stopGateway(system) {
  await system?.stopGateway();
  await end(system?.redis?.child);
  await system?.stop();
}

// Requests in a file, as `load` wants them.
export function writeRequests(file, requests) {
  const out = fs.openSync(file, 'w');
  for (let i = 0; i < requests.length; i += 1000) {
    fs.writeSync(out, requests.slice(i, i + 1000).map((one) => `${Buffer.byteLength(one)}\n${one}`).join(''));
  }
  fs.closeSync(out);
  return file;
}
export const getRequest = (where, host, headers = '') => `GET ${where} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;

export async function load(port, file, count, ...flags) {
  const said = JSON.parse(await run(loadCore, tool, ['127.0.0.1', String(port), file, String(count), ...flags.map(String)]));
  if (said.wrong > 0 || said.answers === 0) throw new Error(`load: ${said.wrong} of ${said.answers} answers are wrong${said.wrong ? `, the last ${said.status}` : ''}`);
  return said;
}
export const perSecond = (said) => said.answers / said.seconds;

// The addresses that the last reports filed were answered with.
export const receiptsOf = (system) => fs.readFileSync(path.join(system.dir, 'receipts'), 'utf8').trim().split('\n');

// How much of core 0 was used meanwhile: where it idles, the load was too weak to tell two servers apart.
function coreTimes(core) {
  const line = fs.readFileSync('/proc/stat', 'utf8').match(new RegExp(`^cpu${core} (.*)$`, 'm'))[1];
  const times = line.split(' ').map(Number).slice(0, 8);
  return { idle: times[3] + times[4], all: times.reduce((sum, one) => sum + one) };
}
export async function busy(work) {
  const before = coreTimes(serverCore);
  const value = await work();
  const after = coreTimes(serverCore);
  return { value, busy: 1 - (after.idle - before.idle) / (after.all - before.all) };
}

function familyTicks(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15).reduce((sum, one) => sum + Number(one), 0);
  return children(pid).reduce((sum, child) => {
    try {
      return sum + familyTicks(child.pid);
    } catch {
      return sum; // it ended meanwhile
    }
  }, ticks);
}

// What part of both cores went to processes that are none of ours. Above a tenth or so, nothing here is worth much.
export async function foreignShare(work) {
  const cores = () => fs.readFileSync('/proc/stat', 'utf8').match(/^cpu +(.*)$/m)[1].split(' ').slice(0, 8).map(Number);
  const [before, ours] = [cores(), familyTicks(process.pid)];
  const value = await work();
  const spent = cores().map((ticks, i) => ticks - before[i]);
  const theirs = spent[0] + spent[1] + spent[2] - (familyTicks(process.pid) - ours);
  return { value, share: Math.max(0, theirs) / spent.reduce((sum, one) => sum + one) };
}

// Throughput of two servers under the same load. Each of sides: () => what `load` said; before: what is made ready, not measured.
// The ratio is the median of the rounds' own ratios.
export async function compare(sides, before = async () => {}) {
  const arms = Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, async () => {
    const done = await busy(side);
    return { rate: perSecond(done.value), busy: done.busy };
  }]));
  const { share, results } = await inTurns(arms, before);
  const of = (name, what) => median(results.map((round) => round[name][what]));
  const percent = (part) => `${Math.round(part * 100)}%`;
  return {
    ours: of('ours', 'rate'), peer: of('peer', 'rate'), ratio: median(results.map(({ ours, peer }) => ours.rate / peer.rate)), unit: '/s',
    note: `core 0 busy ${percent(of('ours', 'busy'))}, peer ${percent(of('peer', 'busy'))}${share > 0.1 ? `; others took ${percent(share)}` : ''}`,
  };
}

// By how much longer a request takes at a full system than at an empty one: `load` of both in turns, ms of one answer, the median of the rounds' ratios.
export async function growth(sides, before = async () => {}) {
  const arms = Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, async () => 1000 / perSecond(await side())]));
  const { share, results } = await inTurns(arms, before);
  const of = (name) => median(results.map((round) => round[name]));
  return {
    ours: of('full'), peer: of('empty'), ratio: median(results.map(({ full, empty }) => full / empty)), unit: 'ms',
    note: share > 0.1 ? `others took ${Math.round(share * 100)}%` : '',
  };
}

// KiB of a process that are its own.
export function privateKiB(pid) {
  const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return ['Private_Clean', 'Private_Dirty'].reduce((sum, name) => sum + Number(text.match(new RegExp(`${name}:\\s+(\\d+)`))[1]), 0);
}
export { sleep, until, end };
