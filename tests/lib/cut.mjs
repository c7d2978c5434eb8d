// A wire between the gateway and its Redis that breaks when it is told to: at the `answer` of the next change, or at the first `read` after it. It
// runs in a thread of its own, so that commands which are waited for reach Redis too.
import net from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const kinds = { none: 0, read: 1, answer: 2 };
const [ARMED, CHANGED, BROKE] = [0, 1, 2];

export class Wire {
  async start(port) {
    this.state = new Int32Array(new SharedArrayBuffer(12));
    this.worker = new Worker(new URL(import.meta.url), { workerData: { port, state: this.state } });
    this.port = await new Promise((resolve, reject) => {
      this.worker.once('message', resolve);
      this.worker.once('error', reject);
    });
    return this;
  }

  arm(kind) {
    this.state[CHANGED] = 0;
    this.state[ARMED] = kinds[kind];
  }

  get broke() { return this.state[BROKE]; }
  async stop() { await this.worker.terminate(); }
}

function run({ port, state }) {
  const server = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    const cut = () => {
      state[ARMED] = kinds.none;
      state[BROKE]++;
      near.destroy();
      far.destroy();
    };
    near.on('data', (bytes) => {
      if (state[ARMED] === kinds.read && state[CHANGED] && bytes.includes('read_1')) { cut(); return; }
      if (bytes.includes('change_2')) state[CHANGED] = 1;
      far.write(bytes);
    });
    far.on('data', (bytes) => { if (state[ARMED] === kinds.answer && state[CHANGED]) cut(); else near.write(bytes); });
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}
if (!isMainThread && workerData?.state) run(workerData);
