// Is an engine right, and how fast is it? A product, an attention block and a training step against the interpreter.

import { graphCost } from '../graph/cost.ts';
import { gradient } from '../graph/gradient.ts';
import { architectureFor } from '../models/index.ts';
import { attention, causalMask } from '../nn/attention.ts';
import { parameterScope } from '../nn/scope.ts';
import { matmul, mul, sub } from '../ops/build.ts';
import { nextTokenLoss } from '../ops/compose.ts';
import { type Graph, inputName, scalar, type Tensor, tensor } from '../tensor.ts';
import { allocate, sizeOf, toFloat64, type Value } from '../value.ts';
import { referenceRuntime } from './reference.ts';
import type { Runtime, Values } from './runtime.ts';

export interface RuntimeCheck {
  readonly check: 'matmul' | 'attention' | 'training step';
  /** Largest difference to the float64 interpreter, over max(1, |value|). */
  readonly worst: number;
  /** Float32 sums of n terms are off by about 10⁻⁶ √n; a little more for engines that add in another order. */
  readonly tolerance: number;
  readonly ok: boolean;
  /** Median of a few runs. */
  readonly secondsPerRun: number;
  /** Floating-point operations a second, in 10⁹, over products of matrices. */
  readonly gigaflops: number;
}

interface Check {
  readonly check: RuntimeCheck['check'];
  readonly graph: Graph;
  readonly tolerance: number;
  readonly purpose: 'inference' | 'training';
}

/** A product of 192 × 256 and 256 × 320. */
function product(): Check {
  const a = tensor('a', 'float32', [192, 256]);
  const b = tensor('b', 'float32', [256, 320]);
  return {
    check: 'matmul',
    graph: { inputs: [a, b], outputs: { y: matmul(a, b) } },
    tolerance: 5e-5,
    purpose: 'inference',
  };
}

/** Causal attention of 4 heads over 48 positions. */
function attentionBlock(): Check {
  const [q, k, v] = ['q', 'k', 'v'].map((name) => tensor(name, 'float32', [2, 4, 48, 32])) as [Tensor, Tensor, Tensor];
  const { output } = attention(q, k, v, { mask: causalMask({ queries: 48, past: 0 }) });
  return {
    check: 'attention',
    graph: { inputs: [q, k, v], outputs: { output } },
    tolerance: 5e-5,
    purpose: 'inference',
  };
}

/** Loss, gradients and a step of gradient descent of a two-layer GPT-2. */
function trainingStep(): Check {
  const architecture = architectureFor({ model_type: 'gpt2' });
  const config = architecture.readConfig({ n_layer: 2, n_head: 4, n_embd: 64, n_positions: 32, vocab_size: 96 });
  const scope = parameterScope();
  const inputIds = tensor('input_ids', 'int32', [4, 32]);
  const { logits } = architecture.causalLm(scope, { inputIds }, config);
  const loss = nextTokenLoss(logits, inputIds);
  const parameters = scope.parameters.map((p) => p.tensor);
  const gradients = gradient(loss, parameters);
  const updated = parameters.map((p, i) => [`new.${inputName(p)}`, sub(p, mul(gradients[i]!, scalar(0.1)))] as const);
  return {
    check: 'training step',
    graph: { inputs: [inputIds, ...parameters], outputs: { loss, ...Object.fromEntries(updated) } },
    tolerance: 5e-5,
    purpose: 'training',
  };
}

/** Numbers that look random and are the same everywhere: ids below 96, floats in ±1, matrices of parameters in ±0.1. */
function feeds(graph: Graph): Values {
  return Object.fromEntries(
    graph.inputs.map((t, at) => {
      const shape = t.shape.map(Number);
      const data = allocate(t.dtype, sizeOf(shape));
      const bound = inputName(t).includes('weight') ? 0.1 : 1;
      for (let i = 0; i < data.length; i++) {
        const mixed = (Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b)) >>> 0;
        const unit = (Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32;
        data[i] = t.dtype === 'int32' ? Math.floor(unit * 96) : (2 * unit - 1) * bound;
      }
      return [inputName(t), { dtype: t.dtype, shape, data }];
    }),
  );
}

function worstDifference(got: Value, expected: Value): number {
  const a = toFloat64(got);
  const b = toFloat64(expected);
  let worst = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!) / Math.max(1, Math.abs(b[i]!));
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
  }
  return worst;
}

/** Graph, feeds and the interpreter's answer of each check, computed once: the training step takes it a second. */
const prepared = new Map<string, { readonly check: Check; readonly fed: Values; readonly expected: Promise<Values> }>();
function prepare(make: () => Check) {
  const known = prepared.get(make.name);
  if (known) return known;
  const check = make();
  const fed = feeds(check.graph);
  const expected = referenceRuntime.compile(check.graph).then((program) => program.run(fed));
  const made = { check, fed, expected };
  prepared.set(make.name, made);
  return made;
}

/**
 * Runs the checks one after another, each a few times (about a second in all on a processor).
 * @throws YumoError `RUNTIME` when the engine cannot run a graph at all.
 */
export async function* checkRuntime(
  runtime: Runtime,
  { signal, runs = 5 }: { readonly signal?: AbortSignal; readonly runs?: number } = {},
): AsyncGenerator<RuntimeCheck> {
  for (const make of [product, attentionBlock, trainingStep]) {
    const { check: checked, fed, expected: coming } = prepare(make);
    const { check, graph, tolerance, purpose } = checked;
    const expected = await coming;
    const program = await runtime.compile(graph, { purpose, ...(signal ? { signal } : {}) });
    try {
      const got = await program.run(fed, signal ? { signal } : {}); // also the warm-up
      const worst = Math.max(...Object.entries(expected).map(([name, value]) => worstDifference(got[name]!, value)));
      const seconds: number[] = [];
      for (let i = 0; i < runs; i++) {
        const start = performance.now();
        await program.run(fed, signal ? { signal } : {});
        seconds.push((performance.now() - start) / 1000);
      }
      const secondsPerRun = seconds.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
      const gigaflops = graphCost(graph, {}).matmul / secondsPerRun / 1e9;
      yield { check, worst, tolerance, ok: worst <= tolerance, secondsPerRun, gigaflops };
    } finally {
      await program.dispose();
    }
  }
}
