// The reference interpreter as a runtime: for tests, and for looking at a graph without any engine.

import { YumoError } from '../errors.ts';
import { evaluateTensors } from '../graph/evaluate.ts';
import type { Numbers } from '../ops/evaluate.ts';
import type { Graph, Tensor } from '../tensor.ts';
import { allocate, type Value } from '../value.ts';
import type { Program, Runtime } from './runtime.ts';

/** Numbers as a value of the tensor's type; float32 tensors keep double precision when `exact`. */
function asValue(n: Numbers, t: Tensor): Value {
  if (t.dtype === 'float32') return { dtype: 'float64', shape: n.shape, data: n.data };
  const data = allocate(t.dtype, n.data.length);
  if (data instanceof BigInt64Array) data.set(BigInt64Array.from(n.data, BigInt));
  else data.set(n.data);
  return { dtype: t.dtype, shape: n.shape, data };
}

/** Computes in float64 whatever the graph's types; float results come back as float64. */
export const referenceRuntime: Runtime = {
  name: 'reference',
  description: 'reference interpreter, float64, one thread',
  compile(graph: Graph, { constants = {} } = {}): Promise<Program> {
    const names = graph.inputs
      .map((t) => (t.node.kind === 'input' ? t.node.name : ''))
      .filter((n) => !(n in constants));
    return Promise.resolve({
      inputNames: names,
      outputNames: Object.keys(graph.outputs),
      async run(feeds, { outputs = Object.keys(graph.outputs), into = {} } = {}) {
        const numbers = evaluateTensors(
          outputs.map((name) => graph.outputs[name]!),
          { ...constants, ...feeds },
        );
        return Object.fromEntries(
          outputs.map((name, i) => {
            const result = asValue(numbers[i]!, graph.outputs[name]!);
            const target = into[name];
            if (!target) return [name, result];
            (target.data as Float64Array).set(result.data as Float64Array);
            return [name, target];
          }),
        );
      },
      dispose: () => Promise.resolve(),
    });
  },
  load: () => Promise.reject(new YumoError('RUNTIME', 'reference: runs graphs, not model files; use --device cpu', {})),
};
