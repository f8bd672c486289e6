// Optimizers as graph: (parameter, gradient, state) → (parameter, state). One table row an algorithm.

import { abs, add, div, maximum, mean, mul, rsqrt, sqrt, square, sub, type Tensor, unsqueeze } from '@yumo/core';
import { muonUpdates } from './muon.ts';
import type { OptimizerRecipe } from './recipe.ts';

export type OptimizerKind = OptimizerRecipe['kind'];
export type OptionsOf<K extends OptimizerKind> = Extract<OptimizerRecipe, { kind: K }>;

/** A tensor that an optimizer keeps for a parameter. */
export interface StateForm {
  readonly shape: readonly number[];
  /** The number that fills it before the first step. */
  readonly initial: number;
}

/** What an update is computed from. */
export interface UpdateInputs {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
  /** Float32 numbers without axes, fed at every step: the results of the row's `scalars`. */
  readonly scalars: Readonly<Record<string, Tensor>>;
  /** How the parameter multiplies: Muon's step depends on it. */
  readonly layout: MatrixLayout;
}

/**
 * What the two axes of a matrix are. `columns`: outputs of several products lie side by side along one axis (GPT-2's q, k, v), each a
 * matrix of its own for Muon.
 */
export interface MatrixLayout {
  readonly inputsFirst: boolean;
  readonly columns: number;
}

export interface Updated {
  readonly parameter: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
}

/** An optimizer. Numbers that change by step are made on the host in double precision: 1 − 0.999¹ has four right digits in float32. */
export interface Optimizer<K extends OptimizerKind> {
  state(options: OptionsOf<K>, shape: readonly number[]): Readonly<Record<string, StateForm>>;
  /**
   * @param rate the learning rate of this step.
   * @param step counted from 1.
   * @param decay the weight decay of this group of parameters.
   */
  scalars(options: OptionsOf<K>, rate: number, step: number, decay: number): Readonly<Record<string, number>>;
  /** @param decay the weight decay of this group of parameters, also known when the graph is built: 0 leaves nodes out. */
  update(options: OptionsOf<K>, inputs: UpdateInputs, decay: number): Updated;
  /** It looks at a parameter as a whole; the others treat every number by itself. */
  readonly whole?: true;
  /** The updates of a whole group, where doing them together is faster than one by one. */
  updateTogether?(options: OptionsOf<K>, inputs: readonly UpdateInputs[], decay: number): Updated[];
}

const zeros = (shape: readonly number[]): StateForm => ({ shape, initial: 0 });

/** Running mean: β·old + (1 − β)·x. */
const running = (old: Tensor, x: Tensor, beta: number): Tensor => add(mul(old, beta), mul(x, 1 - beta));

/** Weight decay that joins the gradient (an L2 penalty), as PyTorch's optimizers other than AdamW do it. */
const penalised = (gradient: Tensor, parameter: Tensor, decay: number): Tensor =>
  decay === 0 ? gradient : add(gradient, mul(parameter, decay));

/** Adam's step size and ε with both bias corrections: rate · √(1−β₂ᵗ)/(1−β₁ᵗ), ε · √(1−β₂ᵗ). Then the division is m / (√v + ε′). */
function adamScalars(
  { beta1, beta2, epsilon }: { beta1: number; beta2: number; epsilon: number },
  rate: number,
  step: number,
): { rate: number; epsilon: number } {
  const second = Math.sqrt(1 - beta2 ** step);
  return { rate: (rate * second) / (1 - beta1 ** step), epsilon: epsilon * second };
}

/** NAdam's momentum of a step: it grows from β₁/2 to β₁. */
const nadamMomentum = (beta1: number, decay: number, step: number): number =>
  beta1 * (1 - 0.5 * 0.96 ** (step * decay));

/** The rectification of RAdam (Liu et al. 2019, arXiv:1908.03265, algorithm 2); undefined while the variance is not tractable. */
function rectification(beta2: number, step: number): number | undefined {
  const limit = 2 / (1 - beta2) - 1;
  const length = limit - (2 * step * beta2 ** step) / (1 - beta2 ** step);
  if (length <= 5) return undefined;
  return Math.sqrt(((length - 4) * (length - 2) * limit) / ((limit - 4) * (limit - 2) * length));
}

export const optimizers: { readonly [K in OptimizerKind]: Optimizer<K> } = {
  // Loshchilov & Hutter 2017, arXiv:1711.05101.
  adamw: {
    state: (_, shape) => ({ mean: zeros(shape), square: zeros(shape) }),
    scalars: (options, rate, step, decay) => ({ ...adamScalars(options, rate, step), keep: 1 - rate * decay }),
    update({ beta1, beta2 }, { parameter, gradient, state, scalars }, decay) {
      const m = running(state.mean!, gradient, beta1);
      const v = running(state.square!, square(gradient), beta2);
      const kept = decay === 0 ? parameter : mul(parameter, scalars.keep!);
      const step = div(mul(m, scalars.rate!), add(sqrt(v), scalars.epsilon!));
      return { parameter: sub(kept, step), state: { mean: m, square: v } };
    },
  },

  // Kingma & Ba 2014, arXiv:1412.6980; amsgrad: Reddi et al. 2018, arXiv:1904.09237 (the largest v before bias correction, as in PyTorch).
  adam: {
    state: ({ amsgrad }, shape) => ({
      mean: zeros(shape),
      square: zeros(shape),
      ...(amsgrad ? { largest: zeros(shape) } : {}),
    }),
    scalars: (options, rate, step) => adamScalars(options, rate, step),
    update({ beta1, beta2, amsgrad }, { parameter, gradient, state, scalars }, decay) {
      const g = penalised(gradient, parameter, decay);
      const m = running(state.mean!, g, beta1);
      const v = running(state.square!, square(g), beta2);
      const largest = amsgrad ? maximum(state.largest!, v) : v;
      const step = div(mul(m, scalars.rate!), add(sqrt(largest), scalars.epsilon!));
      return {
        parameter: sub(parameter, step),
        state: { mean: m, square: v, ...(amsgrad ? { largest } : {}) },
      };
    },
  },

  // Momentum starts as the first gradient: at step 1 the old momentum counts 0 and the gradient 1, whatever the dampening.
  sgd: {
    state: ({ momentum }, shape): Record<string, StateForm> => (momentum === 0 ? {} : { momentum: zeros(shape) }),
    scalars: ({ dampening }, rate, step) => ({ rate, share: step === 1 ? 1 : 1 - dampening }),
    update({ momentum, nesterov }, { parameter, gradient, state, scalars }, decay) {
      const g = penalised(gradient, parameter, decay);
      if (momentum === 0) return { parameter: sub(parameter, mul(g, scalars.rate!)), state: {} };
      const m = add(mul(state.momentum!, momentum), mul(g, scalars.share!));
      const direction = nesterov ? add(g, mul(m, momentum)) : m;
      return { parameter: sub(parameter, mul(direction, scalars.rate!)), state: { momentum: m } };
    },
  },

  // Tieleman & Hinton 2012 (lecture 6.5); centred: Graves 2013, arXiv:1308.0850, eq. 38.
  rmsprop: {
    state: ({ momentum, centered }, shape) => ({
      square: zeros(shape),
      ...(centered ? { mean: zeros(shape) } : {}),
      ...(momentum > 0 ? { momentum: zeros(shape) } : {}),
    }),
    scalars: (_, rate) => ({ rate }),
    update({ smoothing, epsilon, momentum, centered }, { parameter, gradient, state, scalars }, decay) {
      const g = penalised(gradient, parameter, decay);
      const v = running(state.square!, square(g), smoothing);
      const m = centered ? running(state.mean!, g, smoothing) : undefined;
      const step = div(g, add(sqrt(m ? sub(v, square(m)) : v), epsilon));
      const moved = momentum > 0 ? add(mul(state.momentum!, momentum), step) : step;
      return {
        parameter: sub(parameter, mul(moved, scalars.rate!)),
        state: { square: v, ...(m ? { mean: m } : {}), ...(momentum > 0 ? { momentum: moved } : {}) },
      };
    },
  },

  // Duchi et al. 2011, JMLR 12.
  adagrad: {
    state: ({ initialAccumulator }, shape) => ({ sum: { shape, initial: initialAccumulator } }),
    scalars: ({ rateDecay }, rate, step) => ({ rate: rate / (1 + (step - 1) * rateDecay) }),
    update({ epsilon }, { parameter, gradient, state, scalars }, decay) {
      const g = penalised(gradient, parameter, decay);
      const total = add(state.sum!, square(g));
      return {
        parameter: sub(parameter, div(mul(g, scalars.rate!), add(sqrt(total), epsilon))),
        state: { sum: total },
      };
    },
  },

  // Zeiler 2012, arXiv:1212.5701.
  adadelta: {
    state: (_, shape) => ({ square: zeros(shape), change: zeros(shape) }),
    scalars: (_, rate) => ({ rate }),
    update({ rho, epsilon }, { parameter, gradient, state, scalars }, decay) {
      const g = penalised(gradient, parameter, decay);
      const v = running(state.square!, square(g), rho);
      const step = mul(div(sqrt(add(state.change!, epsilon)), sqrt(add(v, epsilon))), g);
      const change = running(state.change!, square(step), rho);
      return { parameter: sub(parameter, mul(step, scalars.rate!)), state: { square: v, change } };
    },
  },

  // Kingma & Ba 2014, §7.1.
  adamax: {
    state: (_, shape) => ({ mean: zeros(shape), largest: zeros(shape) }),
    scalars: ({ beta1 }, rate, step) => ({ rate: rate / (1 - beta1 ** step) }),
    update({ beta1, beta2, epsilon }, { parameter, gradient, state, scalars }, decay) {
      const g = penalised(gradient, parameter, decay);
      const m = running(state.mean!, g, beta1);
      const largest = maximum(mul(state.largest!, beta2), add(abs(g), epsilon));
      return { parameter: sub(parameter, mul(div(m, largest), scalars.rate!)), state: { mean: m, largest } };
    },
  },

  // Dozat 2016 (OpenReview OM0jvwB8jIp57ZJjtNEZ), with PyTorch's schedule of the momentum. The second product counts this step's momentum
  // twice, as PyTorch 1.13 does, where the reference values come from; later versions count it once.
  nadam: {
    state: (_, shape) => ({ mean: zeros(shape), square: zeros(shape) }),
    scalars({ beta1, beta2, epsilon, momentumDecay }, rate, step) {
      const now = nadamMomentum(beta1, momentumDecay, step);
      const next = nadamMomentum(beta1, momentumDecay, step + 1);
      let product = 1;
      for (let t = 1; t <= step; t++) {
        product *= nadamMomentum(beta1, momentumDecay, t);
        if (product === 0) break; // underflow: later factors change nothing
      }
      const second = Math.sqrt(1 - beta2 ** step);
      return {
        gradientRate: (rate * second * (1 - now)) / (1 - product),
        meanRate: (rate * second * next) / (1 - product * now * next),
        epsilon: epsilon * second,
      };
    },
    update({ beta1, beta2 }, { parameter, gradient, state, scalars }, decay) {
      const g = penalised(gradient, parameter, decay);
      const m = running(state.mean!, g, beta1);
      const v = running(state.square!, square(g), beta2);
      const direction = add(mul(g, scalars.gradientRate!), mul(m, scalars.meanRate!));
      return {
        parameter: sub(parameter, div(direction, add(sqrt(v), scalars.epsilon!))),
        state: { mean: m, square: v },
      };
    },
  },

  // Liu et al. 2019, arXiv:1908.03265. The choice between the two steps depends on the step number only, so the host makes it.
  radam: {
    state: (_, shape) => ({ mean: zeros(shape), square: zeros(shape) }),
    scalars({ beta1, beta2 }, rate, step) {
      const corrected = rate / (1 - beta1 ** step);
      const rectified = rectification(beta2, step);
      return {
        plainRate: rectified === undefined ? corrected : 0,
        rectifiedRate: rectified === undefined ? 0 : corrected * rectified * Math.sqrt(1 - beta2 ** step),
      };
    },
    update({ beta1, beta2, epsilon }, { parameter, gradient, state, scalars }, decay) {
      const g = penalised(gradient, parameter, decay);
      const m = running(state.mean!, g, beta1);
      const v = running(state.square!, square(g), beta2);
      const factor = add(div(scalars.rectifiedRate!, add(sqrt(v), epsilon)), scalars.plainRate!);
      return { parameter: sub(parameter, mul(m, factor)), state: { mean: m, square: v } };
    },
  },

  // Shazeer & Stern 2018, arXiv:1804.04235, without relative steps and first moment. Matrices keep row and column means, vectors all squares.
  adafactor: {
    whole: true,
    state: (_, shape): Record<string, StateForm> =>
      shape.length >= 2
        ? { rows: zeros(shape.slice(0, -1)), columns: zeros([...shape.slice(0, -2), shape.at(-1)!]) }
        : { square: zeros(shape) },
    scalars({ decayExponent }, rate, step, decay) {
      const beta = 1 - step ** decayExponent;
      return { rate, keep: 1 - rate * decay, beta, rest: 1 - beta };
    },
    update({ epsilon, clipThreshold }, { parameter, gradient, state, scalars }, decay) {
      const g2 = add(square(gradient), epsilon);
      const follow = (old: Tensor, x: Tensor): Tensor => add(mul(old, scalars.beta!), mul(x, scalars.rest!));
      let direction: Tensor;
      let next: Record<string, Tensor>;
      if (state.square) {
        const v = follow(state.square, g2);
        direction = mul(gradient, rsqrt(v));
        next = { square: v };
      } else {
        const rows = follow(state.rows!, mean(g2, [-1]));
        const columns = follow(state.columns!, mean(g2, [-2]));
        const byRow = unsqueeze(rsqrt(div(rows, mean(rows, [-1], true))), -1);
        const byColumn = unsqueeze(rsqrt(columns), -2);
        direction = mul(gradient, mul(byRow, byColumn));
        next = { rows, columns };
      }
      const size = sqrt(mean(square(direction)));
      const clipped = div(direction, maximum(mul(size, 1 / clipThreshold), 1));
      const kept = decay === 0 ? parameter : mul(parameter, scalars.keep!);
      return { parameter: sub(kept, mul(clipped, scalars.rate!)), state: next };
    },
  },

  muon: {
    whole: true,
    state: (_, shape) => ({ momentum: zeros(shape) }),
    scalars: (_, rate, __, decay) => ({ rate, keep: 1 - rate * decay }),
    update: (options, inputs, decay) => muonUpdates(options, [inputs], decay)[0]!,
    updateTogether: muonUpdates,
  },
};
