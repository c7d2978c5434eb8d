// The progress page against webdis reading one key as large as the record.
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../lib/system.mjs';
import { compare, connections, end, getRequest, load, receiptsOf, seconds, serverCore, start, until, writeRequests } from './lib.mjs';
import { fileReports, prepareReports } from './report.mjs';

const people = 2000;

async function startWebdis(system) {
  const port = await freePort();
  const conf = path.join(system.dir, 'webdis.json');
  fs.writeFileSync(conf, JSON.stringify({
    redis_host: system.redis.socket, redis_port: 0, http_host: '127.0.0.1', http_port: port, threads: 1, daemonize: false,
    database: 0, verbosity: 0, logfile: path.join(system.dir, 'webdis.log'), pidfile: path.join(system.dir, 'webdis.pid'),
  }));
  const child = start(serverCore, 'webdis', [conf], { stdio: 'ignore' });
  await until('webdis', async () => (await fetch(`http://127.0.0.1:${port}/PING`)).ok);
  return { child, port };
}

export async function progress(world) {
  const { system } = world;
  await fileReports(system, await prepareReports(system, system.code(), 'reports.progress', people));
  const receipts = receiptsOf(system);
  const number = receipts[0].slice(3, 15);
  const record = system.redis.command('HGETALL', `ms:{${number.slice(0, 2)}}:r:${number}`);
  system.redis.command('SET', 'ms:bench', 'x'.repeat(Buffer.byteLength(record)));
  const webdis = await startWebdis(system);
  const packed = 'Accept-Encoding: gzip\r\n';
  const file = (name, port, places, headers) => writeRequests(path.join(system.dir, name), places.map((at) => getRequest(at, `127.0.0.1:${port}`, headers)));
  const peer = file('webdis', webdis.port, ['/GET/ms:bench'], '');
  const measure = (name, places, headers) => {
    const ours = file(name, system.port, places, headers);
    return compare({
      ours: () => load(system.port, ours, connections, '--seconds', seconds),
      peer: () => load(webdis.port, peer, connections, '--seconds', seconds),
    });
  };
  try {
    return [
      { name: `progress page, gzip, against webdis and ${Buffer.byteLength(record)} bytes`, ...await measure('progress', receipts.slice(0, 1), packed), least: 1 },
      { name: `progress pages of ${people} receipts in turn, gzip`, ...await measure('progress.many', receipts, packed) },
    ];
  } finally {
    await end(webdis.child);
  }
}
