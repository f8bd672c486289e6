// The part that runs in a process of its own: the driver is found by variables that must be there when the process begins, and may end it.

import { onnxruntimeNode } from '../../src/runtimes/onnxruntime.node.ts';
import { measure } from './measure.ts';

for await (const row of measure(await onnxruntimeNode({ device: 'webgpu', threads: 1 })))
  console.log(JSON.stringify(row));
