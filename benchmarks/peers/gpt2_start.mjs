// Where the peers of a training step in TypeScript begin: their command line, and the weights that our side starts from.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** The numbers of the command line (`--hidden 256 …`), the path of the weights, and what else the peer takes. */
export function startOptions(more = {}) {
  const numbers = ['hidden', 'layers', 'heads', 'context', 'batch', 'vocabulary', 'steps', 'warmup', 'threads'];
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries([...numbers, 'model', 'weights'].map((name) => [name, { type: 'string' }])),
      ...more,
    },
  });
  return { ...values, ...Object.fromEntries(numbers.map((name) => [name, Number(values[name])])) };
}

/** The tensors of a safetensors file of float32: name → shape and data. */
export function readWeights(path) {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, start).toString());
  delete header.__metadata__;
  const tensors = Object.entries(header).map(
    ([
      name,
      {
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      const bytes = Uint8Array.from(file.subarray(start + from, start + to)); // a copy begins where a float32 may
      return [name, { shape, data: new Float32Array(bytes.buffer) }];
    },
  );
  return Object.fromEntries(tensors);
}
