// Choosing an engine: what is taken, what is passed over, and that the reasons are told.

import { describe, expect, it } from 'vitest';
import { chooseRuntime, nodeCandidates } from './choose.node.ts';
import { type Candidate, chooseAmong } from './choose.ts';
import { referenceRuntime } from './reference.ts';
import type { Runtime } from './runtime.ts';

const right: Runtime = { ...referenceRuntime, name: 'right' };
/** The reference, later by some milliseconds or off by something in every result. */
const spoilt = ({ delay = 0, error = 0 }): Runtime => ({
  ...referenceRuntime,
  async compile(graph, options) {
    const program = await referenceRuntime.compile(graph, options);
    return {
      ...program,
      async run(feeds, runOptions) {
        const results = await program.run(feeds, runOptions);
        for (const { data } of Object.values(results)) (data as Float64Array)[0]! += error;
        await new Promise((resolve) => setTimeout(resolve, delay));
        return results;
      },
    };
  },
});
const candidate = (name: string, open: () => Promise<Runtime>, more: Partial<Candidate> = {}): Candidate => ({
  name,
  gpu: false,
  open,
  ...more,
});
const missing = (name: string): Candidate => candidate(name, () => Promise.reject(new Error(`no ${name} here`)));
const cpu = candidate('cpu', async () => right);

describe('auto', () => {
  it('takes the first candidate that opens, and tells why those before it were not taken', async () => {
    const unasked = candidate('never', () => Promise.reject(new Error('internal: opened for nothing')));
    const choice = await chooseAmong([
      missing('cuda'),
      { ...unasked, name: 'webgpu', absent: async () => 'no driver' },
      cpu,
      unasked,
    ]);
    expect(choice.runtime).toBe(right);
    expect(choice.rejected).toEqual([
      { name: 'cuda', reason: 'no cuda here' },
      { name: 'webgpu', reason: 'no driver' },
    ]);
    expect(choice.reason).toBe('after cuda, webgpu');
  });

  it('rejects nothing when the first one works', async () => {
    expect(await chooseAmong([cpu, missing('x')])).toMatchObject({ reason: 'the first choice', rejected: [] });
  });

  it('passes over a GPU that computes wrongly, and names the check and the error', async () => {
    const wrong = candidate('webgpu', async () => spoilt({ error: 1e-3 }), { gpu: true });
    const { runtime, rejected } = await chooseAmong([wrong, cpu]);
    expect(runtime).toBe(right);
    expect(rejected[0]!.reason).toMatch(/its matmul is off by .*e-.*computes wrongly/);
  });

  it('passes over software that plays a GPU', async () => {
    const slow = candidate('webgpu', async () => spoilt({ delay: 40 }), { gpu: true });
    const { rejected } = await chooseAmong([slow, cpu]);
    expect(rejected[0]!.reason).toMatch(/software that plays a GPU/);
  });

  it('fails with every reason when nothing is left', async () => {
    await expect(chooseAmong([missing('cuda'), missing('cpu')])).rejects.toMatchObject({
      code: 'RUNTIME',
      message: 'no engine can be used: cuda: no cuda here; cpu: no cpu here',
    });
  });
});

describe('a name', () => {
  it('opens that engine and no other, even if it is slow', async () => {
    const slow = candidate('webgpu', async () => spoilt({ delay: 40 }), { gpu: true });
    const choice = await chooseAmong([missing('cuda'), slow, cpu], { device: 'webgpu' });
    expect(choice).toMatchObject({ reason: 'named by --device', rejected: [] });
  });

  it('fails when that engine is missing or wrong, instead of falling back', async () => {
    const wrong = candidate('webgpu', async () => spoilt({ error: 1 }), { gpu: true });
    await expect(chooseAmong([missing('cuda'), cpu], { device: 'cuda' })).rejects.toThrow(
      '--device cuda cannot be used: no cuda here; use --device auto',
    );
    await expect(chooseAmong([wrong, cpu], { device: 'webgpu' })).rejects.toThrow(/computes wrongly/);
  });

  it('is answered with the nearest one when it is unknown', async () => {
    await expect(chooseAmong([cpu], { device: 'cpuu' })).rejects.toThrow(/did you mean "cpu"\?; engines: auto, cpu/);
  });
});

it('stops when the signal has fired', async () => {
  await expect(chooseAmong([cpu], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
});

describe('in Node', () => {
  it('auto finds an engine that is right, and gives a sentence for each that was passed over', async () => {
    const { runtime, rejected } = await chooseRuntime({ threads: 1 });
    expect(nodeCandidates().map((c) => c.name)).toContain(runtime.name);
    for (const { name, reason } of rejected) {
      console.info(`auto passed over ${name}: ${reason}`);
      expect(reason.length, name).toBeGreaterThan(10);
    }
  });

  it.each(['cpu', 'wasm', 'tfjs-wasm', 'tfjs-cpu'])('opens %s by name', async (device) => {
    expect((await chooseRuntime({ device, threads: 1 })).runtime.name).toBe(device);
  });
});
