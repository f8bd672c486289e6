// The part that runs in a browser: several programs made for WebGPU at once.

import { mul } from '../../src/ops/build.ts';
import { onnxruntimeWeb } from '../../src/runtimes/onnxruntime.web.ts';
import { tensor } from '../../src/tensor.ts';
import { value } from '../../src/value.ts';

export interface SessionsPage {
  /** What programs that were made at once compute of 1 and 2, or the words of their errors; the second is given up at once. */
  together(count: number): Promise<readonly string[]>;
}

const sessions: SessionsPage = {
  async together(count) {
    const runtimes = await Promise.all(
      [0, 1].map(() => onnxruntimeWeb({ device: 'webgpu', wasmPaths: `${location.origin}/ort/` })),
    );
    const x = tensor('x', 'float32', [2]);
    const one = async (i: number): Promise<string> => {
      try {
        const stop = new AbortController();
        const making = runtimes[i % 2]!.compile(
          { inputs: [x], outputs: { y: mul(x, i) } },
          i === 1 ? { signal: stop.signal } : {},
        );
        if (i === 1) stop.abort();
        const program = await making;
        const { y } = await program.run({ x: value('float32', [2], [1, 2]) });
        await program.dispose();
        return (y!.data as Float32Array).join();
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    };
    return Promise.all(Array.from({ length: count }, (_, i) => one(i)));
  },
};
Object.assign(globalThis, { sessions });
