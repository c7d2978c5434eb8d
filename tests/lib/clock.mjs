// A wall clock that tests put ahead: of the gateway, its Redis, and everything they start (tests/lib/clock.c). Days pass, the product is as it is.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, startSystem } from './system.mjs';

export class Clock {
  constructor() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mashang-clock-'));
    this.file = path.join(this.dir, 'ahead');
    this.library = path.join(this.dir, 'clock.so');
    this.aheadMs = 0;
    this.write();
    execFileSync(process.env.CC?.split(' ').at(-1) ?? 'cc', ['-shared', '-fPIC', '-O1', '-o', this.library, path.join(root, 'tests/lib/clock.c'), '-ldl']);
    // a program with sanitizers wants its own library first in the line, and does as well without
    const asan = [process.env.ASAN_OPTIONS, 'verify_asan_link_order=0'].filter(Boolean).join(':');
    this.env = { LD_PRELOAD: this.library, CLOCK_AHEAD: this.file, ASAN_OPTIONS: asan };
  }

  write() {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(this.aheadMs / 1000)));
    const fd = fs.openSync(this.file, this.aheadMs === 0 ? 'w' : 'r+');
    fs.writeSync(fd, bytes); // in place: the processes have mapped it
    fs.closeSync(fd);
  }

  now() { return new Date(Date.now() + this.aheadMs); }
  goOn(days) { this.aheadMs += days * 864e5; this.write(); }
  // The day in Asia/Shanghai, as pages write it: 11月30日
  day(at = this.now()) { const day = new Date(at.getTime() + 8 * 36e5); return `${day.getUTCMonth() + 1}月${day.getUTCDate()}日`; }
  stop() { fs.rmSync(this.dir, { recursive: true, force: true }); }
}

export async function startSystemWithClock(options = {}) {
  const clock = new Clock();
  try {
    const system = await startSystem({ ...options, env: clock.env });
    system.clock = clock;
    return system;
  } catch (error) {
    clock.stop();
    throw error;
  }
}
