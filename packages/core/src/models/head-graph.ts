// A head as it runs, is trained or exported: one graph with named sizes, inputs and outputs under Hugging Face's names.

import { type Parameter, parameterScope } from '../nn/scope.ts';
import { type Graph, type Tensor, tensor } from '../tensor.ts';
import type { HeadOptions } from './architecture.ts';
import type { Model } from './index.ts';

export interface HeadGraph {
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
}

export interface HeadGraphOptions extends HeadOptions {
  /** The labels are inputs too, and `loss` is an output. */
  readonly labels?: boolean;
  /** States and attention probabilities of every layer are outputs too. */
  readonly inner?: boolean;
}

const isInner = (output: string): boolean => /(^|_)(hidden_states|attentions)\.\d+$/.test(output);

/** The inputs are those that the head lists (and its labels), then the parameters by name. */
export function headGraph(
  { head, config }: Model,
  { labels = false, inner = false, dropout }: HeadGraphOptions = {},
): HeadGraph {
  const scope = parameterScope();
  const forms = { ...head.inputs(config), ...(labels ? head.labels(config) : {}) };
  const inputs: Record<string, Tensor> = Object.fromEntries(
    Object.entries(forms).map(([name, { dtype, shape }]) => [name, tensor(name, dtype, shape)]),
  );
  const outputs = Object.entries(head.build(scope, inputs, config, { dropout })).filter(([n]) => inner || !isInner(n));
  return {
    graph: {
      inputs: [...Object.values(inputs), ...scope.parameters.map((p) => p.tensor)],
      outputs: Object.fromEntries(outputs),
    },
    parameters: scope.parameters,
  };
}
