// Which optimizer and which decay each parameter gets.

import type { Parameter } from '@yumo/core';
import type { MatrixLayout, OptimizerKind, OptionsOf } from './optimizers.ts';
import type { Recipe } from './recipe.ts';

/** Parameters that are updated alike. */
export interface Group<K extends OptimizerKind = OptimizerKind> {
  /** Prefix of the names of its scalar inputs. */
  readonly name: string;
  readonly kind: K;
  readonly options: OptionsOf<K>;
  readonly decay: number;
  readonly parameters: readonly Parameter[];
}

/** Tables that are looked up, and output matrices: their rows are classes, not directions, so Muon leaves them to AdamW. */
const table =
  /(^|\.)(wte|wpe|shared|embed_\w+|\w*embeddings?|lm_head|score|classifier|qa_outputs|relative_attention_bias|seq_relationship)\.weight$/;

/** GPT-2's Conv1D keeps weights as `[inputs, outputs]`; everything else as `[outputs, inputs]`. */
const inputsFirst = /\.(c_attn|c_proj|c_fc|q_attn)\.weight$/;

/** Is a matrix of a hidden layer. */
export const isHiddenMatrix = ({ name, shape }: Pick<Parameter, 'name' | 'shape'>): boolean =>
  shape.length === 2 && !table.test(name);

/** How the two axes of a matrix are to be read. */
export function layoutOf(name: string): MatrixLayout {
  const fused = /\.(c_attn|query_key_value|qkv_proj)\.weight$/.test(name);
  return { inputsFirst: inputsFirst.test(name), columns: fused ? 3 : 1 };
}

/** Parameters in groups of one optimizer and one decay. Every parameter is in exactly one group. */
export function groupParameters(
  parameters: readonly Parameter[],
  recipe: Pick<Recipe, 'optimizer' | 'decay'>,
): readonly Group[] {
  const decays = (p: Parameter): boolean =>
    recipe.decay === 'all' || (recipe.decay === 'matrices' && p.shape.length >= 2);
  const { optimizer } = recipe;
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
  return parts.flatMap(({ options, own }) =>
    [true, false].flatMap((decayed) => {
      const members = own.filter((p) => decays(p) === decayed);
      if (members.length === 0) return [];
      const decay = decayed ? options.weightDecay : 0;
      return [
        {
          name: decayed ? options.kind : `${options.kind}.plain`,
          kind: options.kind,
          options,
          decay,
          parameters: members,
        } as Group,
      ];
    }),
  );
}
