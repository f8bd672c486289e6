// Two graphs over the same weights as one ONNX file: an input says which of them runs.

import type { Graph } from '../../tensor.ts';
import type { Value } from '../../value.ts';
import { Emitter, type Target, usualTarget } from './emitter.ts';
import { type Emitted, emit, type OnnxOptions, opset } from './model.ts';
import type { ModelProto, ValueInfo } from './proto.ts';

/** A pair of graphs. Inputs of the same name must be of the same type and shape; one may fix a size that the other names. */
export interface Branches {
  /** Name of the bool input `[1]` that decides. */
  readonly flag: string;
  readonly whenTrue: Graph;
  readonly whenFalse: Graph;
}

/**
 * An .onnx file with the inputs and outputs of both graphs, weights stored once. An output that the graph chosen does not have comes out
 * empty: its first axis is 0.
 * @throws YumoError `GRAPH`
 */
export function branchesModel({ flag, whenTrue, whenFalse }: Branches, options: OnnxOptions = {}): ModelProto {
  const target: Target = { ...usualTarget, ...options.target };
  const outer = new Emitter(target, () => 0);
  outer.reserve(flag);
  const names = [...new Set([whenFalse, whenTrue].flatMap((g) => Object.keys(g.outputs)))];
  for (const name of names) outer.reserve(name);
  const [yes, no] = [
    emit(whenTrue, options, { around: outer, kind: 'branch', prefix: 'then/' }),
    emit(whenFalse, options, { around: outer, kind: 'branch', prefix: 'else/' }),
  ];
  const inputs = new Map<string, ValueInfo>();
  for (const input of [...no.inputs, ...yes.inputs]) inputs.set(input.name, wider(inputs.get(input.name), input));

  const formOf = (name: string): ValueInfo => {
    const find = ({ outputs }: Emitted, prefix: string) => outputs.find((o) => o.name === prefix + name);
    // The graph that runs again and again tells the sizes.
    const [again, once] = [find(yes, 'then/'), find(no, 'else/')];
    return { ...(again ? wider(once, again) : once!), name }; // the name is of one of them
  };
  const body = ({ emitter, outputs }: Emitted, prefix: string) => ({
    nodes: emitter.nodes,
    inputs: [],
    initializers: new Map<string, Value>(),
    outputs: names.map((name) => outputs.find((o) => o.name === prefix + name) ?? empty(emitter, formOf(name), prefix)),
  });
  outer.nodes.push({
    op: 'If',
    domain: '',
    inputs: [flag],
    outputs: names,
    attributes: { then_branch: { graph: body(yes, 'then/') }, else_branch: { graph: body(no, 'else/') } },
    name: outer.fresh('If'),
  });
  return {
    nodes: outer.nodes,
    inputs: [...inputs.values(), { name: flag, dtype: 'bool', shape: [1] }],
    outputs: names.map(formOf),
    initializers: outer.initializers,
    opset,
    metadata: options.metadata ?? {},
  };
}

/** The second form, with those sizes named that it fixes and the first one names. */
const wider = (other: ValueInfo | undefined, form: ValueInfo): ValueInfo => ({
  ...form,
  shape: form.shape.map((d, axis) => {
    const name = other?.shape[axis];
    return typeof d === 'number' && typeof name === 'string' ? name : d;
  }),
});

/** An output without numbers: 0 on the first axis, 1 where the size is not fixed. */
function empty(e: Emitter, { name, dtype, shape }: ValueInfo, prefix: string): ValueInfo {
  const sizes = shape.map((d, axis) => (axis === 0 ? 0 : typeof d === 'number' ? d : 1));
  const nothing = e.constant({ dtype: 'float32', shape: sizes, data: new Float32Array(0) });
  e.nodes.push({
    op: 'Identity',
    domain: '',
    inputs: [nothing],
    outputs: [prefix + name],
    attributes: {},
    name: e.fresh(`output/${prefix}${name}`),
  });
  return { name: prefix + name, dtype, shape: sizes };
}
