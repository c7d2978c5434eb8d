// A4 posters of a whole county.
import fs from 'node:fs';
import path from 'node:path';
import { build, root } from '../lib/system.mjs';
import { median, rounds, run, serverCore } from './lib.mjs';

export async function posters(world) {
  const { system } = world;
  const out = path.join(system.dir, 'posters.pdf');
  const county = path.join(root, 'deploy/areas/370115.csv');
  const rates = [];
  let pages;
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    const said = await run(serverCore, path.join(build, 'mashang-qr'), ['poster', '--areas', county, '--layout', 'a4', '-o', out, '--json', '-c', system.conf]);
    pages = JSON.parse(said).pages;
    rates.push(pages / ((performance.now() - began) / 1000));
  }
  fs.rmSync(out);
  return [{ name: `A4 posters, ${pages} pages of a county in one file`, unit: '/s', ours: median(rates), least: 100 }];
}
