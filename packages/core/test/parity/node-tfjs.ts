// The process of TensorFlow.js's columns.

import { tfjsNode } from '../../src/runtimes/tfjs.node.ts';
import { measureAll } from './node.ts';

await measureAll({
  'tfjs-cpu': () => tfjsNode({ device: 'tfjs-cpu' }),
  'tfjs-wasm': () => tfjsNode({ device: 'tfjs-wasm' }),
});
