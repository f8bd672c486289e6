// Names, shapes and initial values of parameters: a model asks for them by name where it uses them.

import type { Dim } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { show, type Tensor, tensor } from '../tensor.ts';
import type { DType } from '../value.ts';

/** How a parameter starts. Standard deviations and bounds are of the numbers themselves. */
export type Initializer =
  | { readonly kind: 'zeros' | 'ones' | 'sines' }
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'uniform'; readonly bound: number };

export const zeros: Initializer = { kind: 'zeros' };
export const ones: Initializer = { kind: 'ones' };
/** Row p, columns 2i and 2i + 1: sin and cos of p / 10000^(2i/width) (Vaswani et al. 2017, arXiv:1706.03762, §3.5). */
export const sines: Initializer = { kind: 'sines' };
/** Zero mean, the given standard deviation. */
export const normal = (deviation: number): Initializer => ({ kind: 'normal', deviation });
/** Uniform in [−bound, bound]. */
export const uniform = (bound: number): Initializer => ({ kind: 'uniform', bound });

/** A parameter as the model declared it. */
export interface Parameter {
  /** The full path, under the name that Hugging Face checkpoints give it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** The symbolic input that stands for it in the graph. */
  readonly tensor: Tensor;
  /** Stored with the model and not trained (a buffer). */
  readonly fixed?: true;
}

/**
 * A path in a model. `s.at('attn').param('weight', …)` declares `….attn.weight` and returns its tensor. Building a graph once with a
 * fresh scope collects every parameter; the same name asked for twice is the same parameter (tied weights). An adapter, a
 * quantized weight or a pruning mask is a `Scope` that answers `param` differently: no model file knows of them.
 */
export interface Scope {
  readonly path: string;
  at(name: string): Scope;
  /** @throws YumoError `GRAPH` when the name was declared before with another shape. */
  param(name: string, shape: readonly Dim[], initializer: Initializer, kind?: 'trained' | 'fixed'): Tensor;
}

/** A scope that declares, and the list of what was declared, in order. */
export interface ParameterScope extends Scope {
  readonly parameters: readonly Parameter[];
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** A fresh scope: every parameter becomes a graph input of its own name. */
export function parameterScope(dtype: DType = 'float32'): ParameterScope {
  const parameters = new Map<string, Parameter>();
  const at = (path: string): Scope => ({
    path,
    at: (name) => at(join(path, name)),
    param(name, shape, initializer, kind = 'trained') {
      const full = join(path, name);
      const known = parameters.get(full);
      if (known) {
        if (show(known.shape) !== show(shape)) {
          throw new YumoError(
            'GRAPH',
            `parameter ${full}: declared as ${show(known.shape)} and again as ${show(shape)}`,
            { name: full },
          );
        }
        return known.tensor;
      }
      if (!shape.every((d): d is number => typeof d === 'number')) {
        throw new YumoError(
          'GRAPH',
          `parameter ${full}: its shape ${show(shape)} has a named size; parameters need numbers`,
          { name: full },
        );
      }
      const created: Parameter = {
        name: full,
        shape,
        initializer,
        tensor: tensor(full, dtype, shape),
        ...(kind === 'fixed' ? { fixed: true } : {}),
      };
      parameters.set(full, created);
      return created.tensor;
    },
  });
  return {
    ...at(''),
    get parameters() {
      return [...parameters.values()];
    },
  };
}
