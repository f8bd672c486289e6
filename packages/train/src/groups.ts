// Which optimizer and which decay each parameter gets.

import { type Parameter, YumoError } from '@yumo/core';
import type { MatrixLayout, OptimizerKind, OptionsOf } from './optimizers.ts';
import type { Recipe } from './recipe.ts';

/** Parameters that are updated alike. */
export interface Group<K extends OptimizerKind = OptimizerKind> {
  /** Prefix of the names of its scalar inputs. */
  readonly name: string;
  readonly kind: K;
  readonly options: OptionsOf<K>;
  readonly decay: number;
  /** Times the scheduled rate. */
  readonly rate: number;
  readonly parameters: readonly Parameter[];
}

/** Tables that are looked up, and output matrices: their rows are classes, not directions, so Muon leaves them to AdamW. */
const table =
  /(^|\.)(wte|wpe|shared|embed_\w+|\w*embeddings?|lm_head|decoder|score|classifier|qa_outputs|relative_attention_bias|seq_relationship)\.weight$/;

/** GPT-2's Conv1D keeps weights as `[inputs, outputs]`; everything else as `[outputs, inputs]`. */
const inputsFirst = /\.(c_attn|c_proj|c_fc|q_attn)\.weight$/;

/** Is a matrix of a hidden layer. */
export const isHiddenMatrix = ({ name, shape }: Pick<Parameter, 'name' | 'shape'>): boolean =>
  shape.length === 2 && !table.test(name);

/** How the two axes of a matrix are to be read. */
export function layoutOf(name: string): MatrixLayout {
  const columns = /\.(c_attn|query_key_value|qkv_proj|Wqkv)\.weight$/.test(name)
    ? 3
    : /\.Wi\.weight$/.test(name)
      ? 2
      : 1;
  return { inputsFirst: inputsFirst.test(name), columns };
}

/** Whether a parameter's name fits a pattern, in which `*` stands for anything. */
export function fits(pattern: string, name: string): boolean {
  const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${expression}$`).test(name);
}

/** What the recipe says of single parameters. */
type GroupRecipe = Pick<Recipe, 'optimizer' | 'decay' | 'groups' | 'freeze' | 'layerDecay'>;

/** Whether a parameter stays as it is. */
export const isFrozen = (name: string, { freeze, groups }: Pick<Recipe, 'freeze' | 'groups'>): boolean =>
  freeze.some((pattern) => fits(pattern, name)) ||
  groups.find((g) => g.match.some((pattern) => fits(pattern, name)))?.rate === 0;

/**
 * A pattern that no parameter fits is a mistake that would silently change nothing.
 * @throws YumoError `CONFIG`, also when nothing is left to train.
 */
export function checkPatterns(names: readonly string[], recipe: Pick<Recipe, 'freeze' | 'groups'>): void {
  const patterns = [
    ...recipe.freeze.map((pattern) => ({ field: 'freeze', pattern })),
    ...recipe.groups.flatMap(({ match }, i) => match.map((pattern) => ({ field: `groups.${i}.match`, pattern }))),
  ];
  for (const { field, pattern } of patterns)
    if (!names.some((name) => fits(pattern, name)))
      throw new YumoError(
        'CONFIG',
        `${field}: no parameter fits "${pattern}"; there are ${names.slice(0, 4).join(', ')}, … ("*" stands for anything; yumo inspect lists all)`,
        { field, pattern },
      );
  if (names.every((name) => isFrozen(name, recipe)))
    throw new YumoError('CONFIG', 'freeze: every parameter is frozen; nothing is left to train', {});
}

/** How deep a parameter lies: 0 for embeddings, 1 + i for block i, and one more for what comes after the blocks. */
export function depthOf(name: string, blocks: number): number {
  const block = /\.(\d+)\./.exec(name)?.[1];
  if (block !== undefined) return 1 + Number(block);
  return /(?:^|\.)(?:wte|wpe|shared|\w*embed\w*)(?:\.|$)/.test(name) ? 0 : blocks + 1;
}

/**
 * Parameters in groups of one optimizer, one decay and one rate. Every parameter that is trained is in exactly one group.
 * The rate of depth d of n is layerDecay^(n − d) (Clark et al. 2020, arXiv:2003.10555, appendix A).
 */
export function groupParameters(parameters: readonly Parameter[], recipe: GroupRecipe): readonly Group[] {
  const { optimizer, layerDecay } = recipe;
  const blocks = Math.max(0, ...parameters.map((p) => Number(/\.(\d+)\./.exec(p.name)?.[1] ?? -1) + 1));
  const settingsOf = (p: Parameter, weightDecay: number): { decay: number; rate: number } => {
    const own = recipe.groups.find((g) => g.match.some((pattern) => fits(pattern, p.name)));
    const decays = recipe.decay === 'all' || (recipe.decay === 'matrices' && p.shape.length >= 2);
    return {
      decay: own?.weightDecay ?? (decays ? weightDecay : 0),
      rate: (own?.rate ?? 1) * layerDecay ** (blocks + 1 - depthOf(p.name, blocks)),
    };
  };
  const parts =
    optimizer.kind === 'muon'
      ? [
          { options: optimizer, own: parameters.filter(isHiddenMatrix) },
          {
            options: { kind: 'adamw', ...optimizer.rest } as const,
            own: parameters.filter((p) => !isHiddenMatrix(p)),
          },
        ]
      : [{ options: optimizer, own: parameters }];
  return parts.flatMap(({ options, own }) => {
    const groups = new Map<string, { decay: number; rate: number; parameters: Parameter[] }>();
    for (const p of own) {
      const { decay, rate } = settingsOf(p, options.weightDecay);
      const name = `${options.kind}${decay > 0 || options.weightDecay === 0 ? '' : '.plain'}${decay > 0 && decay !== options.weightDecay ? `.decay${decay}` : ''}${rate === 1 ? '' : `.rate${rate}`}`;
      const group = groups.get(name) ?? { decay, rate, parameters: [] };
      group.parameters.push(p);
      groups.set(name, group);
    }
    return [...groups].map(([name, group]) => ({ name, kind: options.kind, options, ...group }) as Group);
  });
}
