// 5,000 programs wait for the next report on one worker: what they cost it in all, and when the last of them has a new report.
import net from 'node:net';
import { file, household } from '../lib/farmer.mjs';
import { foreignShare, member, privateKiB, sleep, startGateway, stopGateway, until } from './lib.mjs';

const readers = 5000;
const county = '370115';

// One connection that asks, and then waits. answered: when its answer's head came.
function reader(port, request) {
  const one = { answered: 0, status: 0 };
  one.socket = net.connect(port, '127.0.0.1', () => one.socket.write(request));
  one.socket.once('data', (bytes) => {
    one.answered = performance.now();
    one.status = Number(bytes.toString('latin1', 9, 12));
  });
  one.socket.once('error', () => { one.status = -1; });
  return one;
}

export async function waits() {
  const system = await startGateway({ conf: { 'limits.token_per_min': 1000000 } });
  const all = [];
  try {
    const { token } = JSON.parse(system.cli('mashang', 'token', 'add', '--area', county, '--rights', 'read', '--name', 'bench', '--json'));
    const headers = { authorization: `Bearer ${token}` };
    const code = system.code();
    await file(system.base, code, household());
    const { next } = await (await fetch(`${system.base}/api/v1/reports?limit=200`, { headers })).json();
    const request = `GET /api/v1/reports?since=${encodeURIComponent(next)}&limit=200&wait=30 HTTP/1.1\r\nHost: 127.0.0.1:${system.port}\r\nUser-Agent: python-requests/2.31.0\r\n`
      + `Accept-Encoding: gzip, deflate\r\nAccept: application/json\r\nConnection: keep-alive\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const pid = member(system, 'mashang-web');
    const before = privateKiB(pid);
    const from = performance.now();
    while (all.length < readers) {
      for (let i = 0; i < 250; i++) all.push(reader(system.port, request));
      await sleep(20);
    }
    await until('all to be connected', () => all.every((one) => !one.socket.connecting), { ms: 10000 });
    await sleep(2000);
    const after = privateKiB(pid);
    const early = all.filter((one) => one.status !== 0);
    if (early.length > 0) throw new Error(`waits: ${early.length} of ${readers} did not wait, the first: ${early[0].status}`);
    if (performance.now() - from > 20000) throw new Error('waits: this machine is too slow to tell');
    const { value: stored, share } = await foreignShare(async () => {
      const answer = await file(system.base, code, household());
      const at = performance.now();
      if (answer.status !== 303) throw new Error(`waits: the report was answered ${answer.status}`);
      await until('every reader to be told', () => all.every((one) => one.status !== 0), { ms: 30000 - (at - from) });
      return at;
    });
    const wrong = all.filter((one) => one.status !== 200);
    if (wrong.length > 0) throw new Error(`waits: ${wrong.length} answers are wrong, the first: ${wrong[0].status}`);
    const last = Math.max(...all.map((one) => one.answered));
    return [
      { name: `${readers} waiting readers, all they cost a worker`, unit: 'MiB', ours: (after - before) / 1024, most: 60 },
      { name: `a new report reaches all ${readers}`, unit: 's', ours: (last - stored) / 1000, most: 1, note: share > 0.1 ? `others took ${Math.round(share * 100)}%` : '' },
    ];
  } finally {
    for (const one of all) one.socket.destroy();
    await stopGateway(system);
  }
}
