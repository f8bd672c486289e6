// The part that runs in a process of its own: opens an engine by name, measures the cells that it is given, and tells each in a line.

import { onnxruntimeNode } from '../../src/runtimes/onnxruntime.node.ts';
import { onnxruntimeWasm } from '../../src/runtimes/onnxruntime.wasm.node.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { tfjsNode } from '../../src/runtimes/tfjs.node.ts';
import { type Cell, measure } from './measure.ts';

const open: Readonly<Record<string, () => Promise<Runtime>>> = {
  cpu: () => onnxruntimeNode({ device: 'cpu', threads: 1 }),
  webgpu: () => onnxruntimeNode({ device: 'webgpu', threads: 1 }),
  wasm: () => onnxruntimeWasm({ threads: 2 }),
  'tfjs-cpu': () => tfjsNode({ device: 'tfjs-cpu' }),
  'tfjs-wasm': () => tfjsNode({ device: 'tfjs-wasm' }),
};

const [engine, todo] = process.argv.slice(2) as [string, string];
const tell = (line: unknown): void => console.log(JSON.stringify(line));
let runtime: Runtime | undefined;
try {
  runtime = await open[engine]!();
  tell({ opened: runtime.description });
} catch (error) {
  tell({ absent: error instanceof Error ? error.message : String(error) });
}
if (runtime) for (const cell of JSON.parse(todo) as Cell[]) tell({ outcome: await measure(runtime, cell) });
process.exit(0); // threads of an engine may outlive its work
