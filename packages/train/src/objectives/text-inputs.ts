// A text, or a pair of texts, as the inputs of an encoder.

import type { NamedTensors } from '@yumo/core';
import type { Encoding, Tokenizer } from '@yumo/tokenizer';
import type { Columns, Example } from '../data/examples.ts';
import { tokenOf } from '../data/special-tokens.ts';
import type { ModelPlan } from '../model-config.ts';

/** Inputs that the model's head reads, of those that an encoding gives. */
const known = ['input_ids', 'attention_mask', 'token_type_ids'] as const;

export const textColumns = (tokenizer: Tokenizer, model: ModelPlan): Columns => {
  const reads = model.head.inputs(model.config);
  const padding = tokenOf(tokenizer, 'padding') ?? 0;
  return Object.fromEntries(
    known
      .filter((name) => name in reads)
      .map((name) => [name, { axis: 'sequence', padding: name === 'input_ids' ? padding : 0 }]),
  );
};

export const textExample = ({ ids, typeIds }: Pick<Encoding, 'ids' | 'typeIds'>, columns: Columns): Example => ({
  input_ids: ids,
  ...('attention_mask' in columns ? { attention_mask: new Int32Array(ids.length).fill(1) } : {}),
  ...('token_type_ids' in columns ? { token_type_ids: Int32Array.from(typeIds) } : {}),
});

/** The text inputs among all inputs of a batch. */
export const textInputs = (inputs: NamedTensors): NamedTensors =>
  Object.fromEntries(known.flatMap((name) => (inputs[name] ? [[name, inputs[name]]] : [])));

export const countTokens = (e: Example): number => e.input_ids!.length;
