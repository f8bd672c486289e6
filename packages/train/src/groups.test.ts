// Which parameters Muon moves, and which decay: by the names that real models give them.

import { architectureFor, parameterScope, tensor } from '@yumo/core';
import { describe, expect, it } from 'vitest';
import { groupParameters, layoutOf } from './groups.ts';
import { parseRecipe } from './recipe-fields.ts';

const sizes = {
  gpt2: { model_type: 'gpt2', vocab_size: 31, n_positions: 8, n_embd: 8, n_layer: 1, n_head: 2 },
  llama: {
    ...{ model_type: 'llama', vocab_size: 31, max_position_embeddings: 8, hidden_size: 8, intermediate_size: 12 },
    ...{ num_hidden_layers: 1, num_attention_heads: 2 },
  },
};

/** Group name → short names of its parameters. */
function groupsOf(model: keyof typeof sizes, fields: object): Record<string, string[]> {
  const architecture = architectureFor(sizes[model]);
  const scope = parameterScope();
  architecture.causalLm(scope, { inputIds: tensor('ids', 'int32', [1, 4]) }, architecture.readConfig(sizes[model]));
  const recipe = parseRecipe({
    name: 'x',
    data: { kind: 'text', files: ['x'] },
    tokenizer: { kind: 'characters' },
    model: sizes[model],
    batch: 1,
    steps: 1,
    ...fields,
  });
  const groups = groupParameters(scope.parameters, recipe);
  const all = groups.flatMap((g) => g.parameters.map((p) => p.name));
  expect(all.sort()).toEqual(scope.parameters.map((p) => p.name).sort());
  return Object.fromEntries(
    groups.map((g) => [`${g.name} ${g.decay}`, g.parameters.map((p) => p.name.split('.').slice(-2).join('.')).sort()]),
  );
}

describe('parameter groups', () => {
  it('AdamW decays matrices, embeddings too, and neither biases nor norms', () => {
    expect(groupsOf('gpt2', { optimizer: { kind: 'adamw', weightDecay: 0.1 } })).toEqual({
      'adamw 0.1': ['c_attn.weight', 'c_fc.weight', 'c_proj.weight', 'c_proj.weight', 'wpe.weight', 'wte.weight'],
      'adamw.plain 0': [
        'c_attn.bias',
        'c_fc.bias',
        'c_proj.bias',
        'c_proj.bias',
        'ln_1.bias',
        'ln_1.weight',
        'ln_2.bias',
        'ln_2.weight',
        'ln_f.bias',
        'ln_f.weight',
      ],
    });
  });

  it('Muon moves the hidden matrices; embeddings, the output matrix and norms stay with AdamW', () => {
    expect(groupsOf('llama', { optimizer: { kind: 'muon', weightDecay: 0.1, rest: { weightDecay: 0.2 } } })).toEqual({
      'muon 0.1': [
        'down_proj.weight',
        'gate_proj.weight',
        'k_proj.weight',
        'o_proj.weight',
        'q_proj.weight',
        'up_proj.weight',
        'v_proj.weight',
      ],
      'adamw 0.2': ['embed_tokens.weight', 'lm_head.weight'],
      'adamw.plain 0': ['input_layernorm.weight', 'norm.weight', 'post_attention_layernorm.weight'],
    });
  });

  it('everything or nothing decays when the recipe says so', () => {
    const names = (decay: string): string[] =>
      Object.keys(groupsOf('llama', { decay, optimizer: { kind: 'adamw', weightDecay: 0.1 } }));
    expect(names('all')).toEqual(['adamw 0.1']);
    expect(names('none')).toEqual(['adamw.plain 0']);
  });

  it("reads GPT-2's matrices as inputs first, with query, key and value side by side", () => {
    expect(layoutOf('transformer.h.0.attn.c_attn.weight')).toEqual({ inputsFirst: true, columns: 3 });
    expect(layoutOf('transformer.h.0.mlp.c_fc.weight')).toEqual({ inputsFirst: true, columns: 1 });
    expect(layoutOf('model.layers.0.self_attn.q_proj.weight')).toEqual({ inputsFirst: false, columns: 1 });
  });
});
