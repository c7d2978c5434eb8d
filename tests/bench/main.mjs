// `make bench`: one table, ratios in one run, medians of interleaved rounds. tools/bench NAME…: only those rows.
import { say, startGateway, stopGateway } from './lib.mjs';
import { form } from './form.mjs';
import { forward } from './forward.mjs';
import { memory } from './memory.mjs';
import { posters } from './posters.mjs';
import { progress } from './progress.mjs';
import { ready } from './ready.mjs';
import { report } from './report.mjs';
import { scale } from './scale.mjs';
import { waits } from './waits.mjs';

// world: they share one gateway, in this order.
const rows = {
  form: { run: form, world: true },
  report: { run: report, world: true },
  progress: { run: progress, world: true },
  forward: { run: forward },
  memory: { run: memory, world: true },
  posters: { run: posters, world: true },
  ready: { run: ready },
  waits: { run: waits },
  scale: { run: scale },
};

const names = process.argv.slice(2);
for (const name of names) {
  if (!rows[name]) {
    say(`bench: ${name}? There are: ${Object.keys(rows).join(' ')}`);
    process.exit(2);
  }
}

const number = (value) => (value === undefined ? '' : value >= 100 ? Math.round(value).toString() : value.toPrecision(3));
function verdict(row) {
  if (row.least !== undefined) return { gate: `≥ ${row.least}`, ok: (row.ratio ?? row.ours) >= row.least };
  if (row.most !== undefined) return { gate: `≤ ${row.most}`, ok: (row.ratio ?? row.ours) <= row.most };
  return { gate: '', ok: true };
}
const lineOf = (cells) => `${cells[0].padEnd(62)}${cells.slice(1, 5).map((cell) => cell.padStart(10)).join('')}  ${cells[5]}`;

let missed = 0;
const world = { system: null };
console.log(lineOf(['row', 'ours', 'peer', 'ratio', 'gate', '']));
try {
  for (const [name, row] of Object.entries(rows)) {
    if (names.length && !names.includes(name)) continue;
    if (row.world) world.system ??= await startGateway();
    for (const line of await row.run(world)) {
      const { gate, ok } = verdict(line);
      missed += ok ? 0 : 1;
      const cells = [`${line.name}${line.unit ? `, ${line.unit}` : ''}`, number(line.ours), number(line.peer), line.ratio?.toFixed(2) ?? '', gate];
      console.log(lineOf([...cells, [gate && (ok ? 'ok' : 'missed'), line.note && `(${line.note})`].filter(Boolean).join(' ')]));
    }
  }
} finally {
  await stopGateway(world.system);
}
process.exit(missed ? 1 : 0);
