// Memory of a web worker that is its own: after load, and per idle connection.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { connections, getRequest, load, loadCore, member, privateKiB, seconds, sleep, tool, writeRequests } from './lib.mjs';
import { fileReports, prepareReports } from './report.mjs';

const idle = 5000;

export async function memory(world) {
  const { system } = world;
  const code = system.code();
  const host = `127.0.0.1:${system.port}`;
  const pid = member(system, 'mashang-web');
  await fileReports(system, await prepareReports(system, code, 'reports.memory', 2000));
  const form = writeRequests(path.join(system.dir, 'form.memory'), [getRequest(code, host, 'Accept-Encoding: gzip\r\n')]);
  await load(system.port, form, connections, '--seconds', seconds);
  await load(system.port, form, 1000, '--seconds', seconds);
  const loaded = privateKiB(pid);
  const child = spawn('taskset', ['-c', loadCore, tool, '127.0.0.1', String(system.port), form, String(idle), '--idle'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = JSON.parse(await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => reject(new Error('load --idle ended')));
  }));
  await sleep(300);
  const open = privateKiB(pid);
  child.stdin.end();
  if (said.answers !== idle || said.wrong > 0) throw new Error(`load --idle: ${JSON.stringify(said)}`);
  return [
    { name: 'a web worker\'s own memory after load', unit: 'MiB', ours: loaded / 1024, most: 8 },
    { name: `an idle connection (${idle} of them)`, unit: 'KiB', ours: (open - loaded) / idle, most: 4 },
  ];
}
