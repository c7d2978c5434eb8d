// Events sent on to a fast monitoring system. A backlog is filed while that stands still; the clock runs until the last one is settled in Redis.
import path from 'node:path';
import { build, freePort } from '../lib/system.mjs';
import { end, loadCore, receiptsOf, sleep, start, startGateway, stopGateway, until } from './lib.mjs';
import { fileReports, prepareReports } from './report.mjs';

const events = Number(process.env.BENCH_EVENTS ?? 5000);

export async function forward() {
  const port = await freePort();
  const upstream = start(loadCore, path.join(build, 'standins/upstream'), ['--listen', `127.0.0.1:${port}`, '--fast']);
  let system;
  try {
    system = await startGateway({ conf: { 'upstream.url': `http://127.0.0.1:${port}/events`, 'upstream.timeout_ms': 60000 } });
    const reports = await prepareReports(system, system.code(), 'reports.forward', events);
    upstream.kill('SIGSTOP');
    await fileReports(system, reports);
    const bucket = receiptsOf(system)[0].slice(3, 5);
    const delivered = () => Number(system.redis.command('HGET', `ms:{${bucket}}:n`, 'delivered'));
    await sleep(300);
    const before = delivered();
    const began = performance.now();
    upstream.kill('SIGCONT');
    await until('the backlog to be sent', () => delivered() >= events, { ms: 60000, every: 20 });
    const took = (performance.now() - began) / 1000;
    return [{ name: `events sent on and settled, a backlog of ${events - before}`, unit: '/s', ours: (events - before) / took }];
  } finally {
    upstream.kill('SIGCONT');
    await stopGateway(system);
    await end(upstream);
  }
}
