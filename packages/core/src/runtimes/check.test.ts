// The checks of an engine accept a right one and notice a wrong one.
import { describe, expect, test } from 'vitest';
import { checkRuntime } from './check.ts';
import { onnxruntimeNode } from './onnxruntime.node.ts';
import type { Runtime } from './runtime.ts';

async function outcome(runtime: Runtime): Promise<Record<string, boolean>> {
  const results: Record<string, boolean> = {};
  for await (const { check, ok } of checkRuntime(runtime, { runs: 1 })) results[check] = ok;
  return results;
}

describe('checkRuntime', () => {
  test('onnxruntime on the processor agrees with the interpreter', async () => {
    expect(await outcome(await onnxruntimeNode({ threads: 1 }))).toEqual({
      matmul: true,
      attention: true,
      'training step': true,
    });
  });

  test('an engine whose results are off by a thousandth in one number is caught in every check', async () => {
    const right = await onnxruntimeNode({ threads: 1 });
    const wrong: Runtime = {
      ...right,
      async compile(graph, options) {
        const program = await right.compile(graph, options);
        return {
          ...program,
          async run(feeds, runOptions) {
            const results = await program.run(feeds, runOptions);
            for (const { data } of Object.values(results).slice(-1)) (data as Float32Array)[3] = Number(data[3]) + 1e-3;
            return results;
          },
        };
      },
    };
    expect(await outcome(wrong)).toEqual({ matmul: false, attention: false, 'training step': false });
  });
});
