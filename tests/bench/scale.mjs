// Does it stay quick when it fills? Two systems side by side, with 1,000 reports and with 1,000,000: the same request at both, in turns, as growth.
import fs from 'node:fs';
import path from 'node:path';
import { build, until } from '../lib/system.mjs';
import { getRequest, growth, load, pinGateway, run, say, seconds, serverCore, startGateway, stopGateway, writeRequests } from './lib.mjs';
import { fileReports, prepareReports } from './report.mjs';

const few = 1000;
const many = Number(process.env.BENCH_SEED ?? 1000000);
const perRound = Number(process.env.BENCH_SCALE_REPORTS ?? 500);
const county = '370115';
const town = '370115007';

const numberIn = (text, name) => Number(text.match(new RegExp(`^${name}:(\\d+)`, 'm'))?.[1]);
const usedBytes = (redis) => numberIn(redis.command('INFO', 'memory'), 'used_memory');

// While it is filled, Redis need not be durable; afterwards the file is written anew, and every write is synced as in the other rows. Writing it
// forks, and the first write to each page after a fork costs a fault (here some 40 us, tens of them a report): Redis is started again from the file.
async function durably(redis) {
  redis.command('CONFIG', 'SET', 'appendonly', 'yes');
  await until('the append-only file', () => {
    const said = redis.command('INFO', 'persistence');
    return numberIn(said, 'aof_rewrite_in_progress') === 0 && numberIn(said, 'aof_rewrite_scheduled') === 0 && numberIn(said, 'aof_enabled') === 1;
  }, { ms: 1800000, every: 200 });
  await redis.restart();
}

// What the clock has to change of those seeded, and what the journal holds, is done before anything is measured.
async function settled(system) {
  const { redis, bucket } = system;
  await until('clock and statistics to be up to date', () =>
    redis.command('ZCOUNT', `${bucket}:clock`, '-inf', String(Date.now())) === '0' && redis.command('LLEN', `${bucket}:sj`) === '0', { ms: 1800000, every: 1000 });
}

// Whoever asks for figures has the journal folded first; by itself that comes every half minute.
async function fold(system) {
  const headers = { authorization: system.authorization.trim().split(': ')[1] };
  await until('the journal to be folded', async () => {
    await fetch(`http://127.0.0.1:${system.port}/api/v1/stats?area=${county}`, { headers });
    return system.redis.command('LLEN', `${system.bucket}:sj`) === '0';
  }, { ms: 120000, every: 50 });
}

// The half-year is longer than [retention] keeps persons by default: nothing is purged while it is measured.
async function fill(count) {
  const system = await startGateway({ conf: { 'limits.token_per_min': 1000000, 'retention.decided_days': 36500 } });
  try {
    const { redis } = system;
    await system.stopGateway();
    const empty = usedBytes(redis);
    redis.command('CONFIG', 'SET', 'appendonly', 'no');
    system.seeded = JSON.parse(await run(serverCore, path.join(build, 'bench/seed'), [system.conf, String(count), path.join(system.dir, 'links')]));
    system.bytes = (usedBytes(redis) - empty) / count;
    await durably(redis);
    system.bucket = redis.command('--scan', '--pattern', 'ms:{??}:changes').split('\n')[0].replace(':changes', '');
    if (count === few) system.cli('mashang', 'stats', 'audit'); // fails when the seeded sums are not what the chains say
    await system.startGateway();
    await until('the store', async () => !/degraded/.test(await (await fetch(`${system.admin}/readyz`)).text()));
    await settled(system);
    pinGateway(system);
    const { token } = JSON.parse(system.cli('mashang', 'token', 'add', '--area', county, '--rights', 'read,stats', '--name', 'bench', '--json'));
    system.authorization = `Authorization: Bearer ${token}\r\n`;
    return system;
  } catch (error) {
    await stopGateway(system);
    throw error;
  }
}

// Where the bytes are, from a thousand reports and the orders that all stand in.
function bytesByKind({ redis, bucket }) {
  const script = `
    local P, kinds, all = KEYS[1], {}, redis.call('ZCARD', KEYS[1] .. ':changes')
    local function add(kind, key, share)
      kinds[kind] = (kinds[kind] or 0) + (redis.call('MEMORY', 'USAGE', P .. ':' .. key, 'SAMPLES', 1000) or 0) / share
    end
    local some = redis.call('ZRANDMEMBER', P .. ':changes', 1000)
    for _, receipt in ipairs(some) do
      add('record', 'r:' .. receipt, #some)
      add('chain', 'x:' .. receipt, #some)
      for _, key in ipairs({'e:' .. receipt, 'l:' .. receipt}) do add('event', key, #some) end
      add('person', 'p:' .. redis.call('HGET', P .. ':r:' .. receipt, 'id'), #some)
    end
    for _, key in ipairs({'changes', 'events', 'clock'}) do add('orders', key, all) end
    add('search', 'look', all)
    local told = {}
    for kind, bytes in pairs(kinds) do told[#told + 1] = kind .. ' ' .. math.floor(bytes + 0.5) end
    table.sort(told, function(a, b) return tonumber(a:match('%d+')) > tonumber(b:match('%d+')) end)
    return table.concat(told, ', ')`;
  return redis.command('--raw', 'EVAL', script, '1', bucket);
}

const requestFile = (system, name, places, headers) =>
  writeRequests(path.join(system.dir, name), places.map((at) => getRequest(at, `127.0.0.1:${system.port}`, headers)));

const linksOf = (system) => fs.readFileSync(path.join(system.dir, 'links'), 'utf8').trim().split('\n');

// One request after the other: what is compared is the time that one takes.
function reading(systems, name, placesOf, headersOf) {
  const side = (system) => {
    const file = requestFile(system, `scale.${name}`, placesOf(system), headersOf(system));
    return () => load(system.port, file, 1, '--seconds', seconds);
  };
  return growth({ full: side(systems.full), empty: side(systems.empty) });
}

async function filing(systems) {
  const requests = {};
  const sides = Object.fromEntries(Object.entries(systems).map(([name, system]) => [name, () => fileReports(system, requests[name])]));
  const before = async (name) => {
    const system = systems[name];
    await fold(system);
    requests[name] = await prepareReports(system, system.code(), 'reports.scale', perRound);
  };
  return growth(sides, before);
}

export async function scale() {
  const systems = {};
  try {
    systems.empty = await fill(few);
    say(`bench: seeding ${many} reports`);
    systems.full = await fill(many);
    const { full, empty } = systems;
    const packed = () => 'Accept-Encoding: gzip\r\n';
    const asking = (system) => `Accept: application/json\r\n${system.authorization}`;
    const to = `${many} reports in Redis`;
    return [
      { name: `seeding ${many} reports, ${full.seeded.changes} changes`, unit: 's', ours: full.seeded.seconds },
      { name: `Redis for a report, of ${many}`, unit: 'bytes', ours: full.bytes, most: 8192, note: bytesByKind(full) },
      { name: `a feed page of 50 of a town, ${to}`, ...await reading(systems, 'feed', () => [`/api/v1/reports?area=${town}&limit=50`], asking), most: 1.3 },
      { name: `progress page, ${to}`, ...await reading(systems, 'progress', linksOf, packed), most: 1.3 },
      { name: `statistics of a county, ${to}`, ...await reading(systems, 'stats.all', () => [`/api/v1/stats?area=${county}`], asking), most: 1.3 },
      { name: `statistics of a county by town, ${to}`, ...await reading(systems, 'stats', () => [`/api/v1/stats?area=${county}&by=town`], asking), most: 1.3 },
      { name: `a durable report, ${to}`, ...await filing(systems), most: 1.3 },
    ];
  } finally {
    await stopGateway(systems.full);
    await stopGateway(systems.empty);
  }
}
