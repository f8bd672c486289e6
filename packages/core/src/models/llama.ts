// Llama (Touvron et al. 2023, arXiv:2302.13971 and 2307.09288), and the families that share its graph: Mistral (arXiv:2310.06825) and Qwen2 (arXiv:2407.10671).

import { addDims, type Dim } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { activation } from '../nn/activation.ts';
import { attention, causalAttention, causalMask, mergeHeads, splitHeads } from '../nn/attention.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { embedding, embeddingTable } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { rmsNorm } from '../nn/norm.ts';
import { type Rotary, type RotaryScaling, rotary, rotate } from '../nn/position.ts';
import { normal, type Scope } from '../nn/scope.ts';
import { add, concat, iota, matmul, mul, within } from '../ops/build.ts';
import { dim, unsqueeze } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import type { CausalLmArchitecture, DecoderInputs, DecoderOutputs, KeyValue } from './architecture.ts';
import { type ConfigFields, configFields, foreignToAll, refuse, requireDivides } from './config.ts';
import {
  causalLmHead,
  decoderHead,
  type Labelled,
  lastTokenClassifier,
  positionsRead,
  readLabels,
  tokenClassifier,
} from './heads.ts';
import { readLayerKinds } from './layer-kinds.ts';
import { countedKeys, readRotary, rotaryContext } from './rotary-config.ts';

/** The fields of config.json that change the graph, under their names in the file. */
export interface LlamaConfig extends Labelled {
  vocab_size: number;
  max_position_embeddings: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  hidden_act: string;
  rms_norm_eps: number;
  rope_theta: number;
  rope_scaling: RotaryScaling | null;
  initializer_range: number;
  attention_dropout: number;
  /** Dropout of the embeddings and of what each layer adds, in training only. Not in the published configurations, which train without; other readers ignore it. */
  residual_dropout: number;
  tie_word_embeddings: boolean;
  pad_token_id: number | undefined;
  /** Biases of the query, key and value projections, of the output projection, of the feed-forward layers. */
  biases: { readonly queryKeyValue: boolean; readonly output: boolean; readonly mlp: boolean };
  /** By layer: query i sees keys j with i − window < j ≤ i; all before it where undefined. */
  windows: readonly (number | undefined)[];
  /** Dropout before the classes of a token. */
  classifier_dropout: number;
}

type Json = Readonly<Record<string, unknown>>;

/** What differs between the families. */
interface Variant {
  readonly biases: LlamaConfig['biases'];
  /** The window of those layers that have one, and the first of them. */
  readonly window?: number | undefined;
  readonly firstWindow?: number;
}

const readConfig =
  (variant: (f: ConfigFields, json: Json) => Variant, defaults: { rope_theta: number; rms_norm_eps: number }) =>
  (json: Json): LlamaConfig => {
    const f = configFields(json);
    refuse(json, foreignToAll);
    const rotation = readRotary(json, { base: defaults.rope_theta, share: 1 });
    if (rotation.share !== 1)
      throw new YumoError(
        'CONFIG',
        `config.json: "partial_rotary_factor" is ${rotation.share}; this family rotates whole heads`,
        { share: rotation.share },
      );
    const own = variant(f, json);
    const hidden_size = f.size('hidden_size');
    const num_attention_heads = f.size('num_attention_heads');
    const num_key_value_heads = f.size('num_key_value_heads', num_attention_heads);
    const head_dim = f.size('head_dim', hidden_size / num_attention_heads);
    if (json.head_dim === undefined)
      requireDivides(['num_attention_heads', num_attention_heads], ['hidden_size', hidden_size]);
    requireDivides(['num_key_value_heads', num_key_value_heads], ['num_attention_heads', num_attention_heads]);
    return {
      vocab_size: f.size('vocab_size'),
      max_position_embeddings: f.size('max_position_embeddings', 2048),
      hidden_size,
      intermediate_size: f.size('intermediate_size'),
      num_hidden_layers: f.size('num_hidden_layers'),
      num_attention_heads,
      num_key_value_heads,
      head_dim,
      hidden_act: f.text('hidden_act', 'silu'),
      rms_norm_eps: f.number('rms_norm_eps', defaults.rms_norm_eps),
      rope_theta: rotation.base,
      rope_scaling: rotation.scaling,
      initializer_range: f.number('initializer_range', 0.02),
      attention_dropout: f.rate('attention_dropout', 0),
      residual_dropout: f.rate('residual_dropout', 0),
      tie_word_embeddings: f.flag('tie_word_embeddings', false),
      pad_token_id: f.optional('pad_token_id'),
      ...readLabels(json),
      biases: own.biases,
      windows: windowsOf(json, f.size('num_hidden_layers'), own),
      classifier_dropout: f.rate('classifier_dropout', f.rate('hidden_dropout', 0.1)),
    };
  };

/** `layer_types` says which layers have the window; without it the later ones, from `firstWindow` on. */
function windowsOf(json: Json, layers: number, { window, firstWindow = 0 }: Variant): (number | undefined)[] {
  const kinds = readLayerKinds(json, layers);
  if (!kinds) return Array.from({ length: layers }, (_, i) => (i >= firstWindow ? window : undefined));
  const sliding = kinds.map((k) => k === 'sliding_attention');
  if (window === undefined && sliding.includes(true))
    throw new YumoError(
      'CONFIG',
      'config.json: "layer_types" names sliding_attention, but "sliding_window" is off',
      {},
    );
  return sliding.map((slides) => (slides ? window : undefined));
}

interface Context {
  readonly mask: Tensor | undefined;
  readonly window: number | undefined;
  readonly past: KeyValue | undefined;
  readonly rotary: Rotary;
  readonly dropout: Dropout | undefined;
}

/** Pre-norm block: attention, then a gated feed-forward layer. `[batch, time, hidden_size]` → the same. */
function block(
  s: Scope,
  x: Tensor,
  c: LlamaConfig,
  at: Context,
): { x: Tensor; present: KeyValue; probabilities: Tensor } {
  const attended = selfAttention(s.at('self_attn'), rmsNorm(s.at('input_layernorm'), x, c.rms_norm_eps), c, at);
  const h = add(x, drop(at.dropout, attended.output, c.residual_dropout, `${s.path}.self_attn.output`));
  const y = mlp(s.at('mlp'), rmsNorm(s.at('post_attention_layernorm'), h, c.rms_norm_eps), c);
  return { ...attended, x: add(h, drop(at.dropout, y, c.residual_dropout, `${s.path}.mlp`)) };
}

function selfAttention(s: Scope, x: Tensor, c: LlamaConfig, { mask, window, past, rotary: turn, dropout }: Context) {
  const initializer = normal(c.initializer_range);
  const project = (name: string, heads: number): Tensor =>
    splitHeads(linear(s.at(name), x, heads * c.head_dim, { bias: c.biases.queryKeyValue, initializer }), heads);
  const q = rotate(project('q_proj', c.num_attention_heads), turn);
  const newKey = rotate(project('k_proj', c.num_key_value_heads), turn);
  const newValue = project('v_proj', c.num_key_value_heads);
  const key = past ? concat([past.key, newKey], 2) : newKey;
  const value = past ? concat([past.value, newValue], 2) : newValue;
  const options = { dropout, dropoutRate: c.attention_dropout, place: s.path };
  const { output, probabilities } = mask
    ? attention(q, key, value, { ...options, mask })
    : causalAttention(q, key, value, { ...options, window });
  return {
    output: linear(s.at('o_proj'), mergeHeads(output), c.hidden_size, { bias: c.biases.output, initializer }),
    present: { key, value },
    probabilities,
  };
}

/** down(act(gate x) · up x) (Shazeer 2020, arXiv:2002.05202). */
function mlp(s: Scope, x: Tensor, c: LlamaConfig): Tensor {
  const options = { bias: c.biases.mlp, initializer: normal(c.initializer_range) };
  const gate = activation(c.hidden_act)(linear(s.at('gate_proj'), x, c.intermediate_size, options));
  return linear(
    s.at('down_proj'),
    mul(gate, linear(s.at('up_proj'), x, c.intermediate_size, options)),
    c.hidden_size,
    options,
  );
}

const wordTable = (s: Scope, c: LlamaConfig): Tensor =>
  embeddingTable(s.at('model').at('embed_tokens'), c.vocab_size, c.hidden_size, normal(c.initializer_range));

/** Embeddings and the stack of blocks. */
function decode(
  s: Scope,
  { inputIds, attentionMask, positionIds, past, dropout }: DecoderInputs,
  c: LlamaConfig,
): Omit<DecoderOutputs, 'logits'> {
  const m = s.at('model');
  const time = dim(inputIds, 1);
  const before: Dim = past?.[0] ? dim(past[0].key, 2) : 0;
  let x = drop(dropout, embedding(wordTable(s, c), inputIds, c.pad_token_id), c.residual_dropout, m.path);
  const turn = rotary(positionIds ?? unsqueeze(iota(time, before), 0), addDims(before, time), {
    base: c.rope_theta,
    size: c.head_dim,
    scaling: c.rope_scaling,
  });
  // One mask for each width of window.
  const masks = new Map<number | undefined, Tensor | undefined>();
  if (attentionMask || past)
    for (const window of new Set(c.windows))
      masks.set(window, causalMask({ queries: time, past: before, attentionMask, window }));

  const hiddenStates = [x];
  const present: KeyValue[] = [];
  const attentions: Tensor[] = [];
  for (let layer = 0; layer < c.num_hidden_layers; layer++) {
    const at = m.at('layers').at(String(layer));
    const window = c.windows[layer];
    const context = { mask: masks.get(window), window, past: past?.[layer], rotary: turn, dropout };
    const out = within(at.path, () => block(at, x, c, context));
    x = out.x;
    hiddenStates.push(x);
    present.push(out.present);
    attentions.push(out.probabilities);
  }
  hiddenStates[c.num_hidden_layers] = rmsNorm(m.at('norm'), x, c.rms_norm_eps);
  return { present, hiddenStates, attentions };
}

function causalLm(s: Scope, inputs: DecoderInputs, c: LlamaConfig): DecoderOutputs {
  const out = decode(s, inputs, c);
  const table = c.tie_word_embeddings
    ? wordTable(s, c)
    : s.at('lm_head').param('weight', [c.vocab_size, c.hidden_size], normal(c.initializer_range));
  return { ...out, logits: matmul(positionsRead(out, inputs), table, { transposeB: true }) };
}

/** A linear map without bias; read at the last position of a text. */
const score = (s: Scope, x: Tensor, c: LlamaConfig): Tensor =>
  linear(s.at('score'), x, c.num_labels, { bias: false, initializer: normal(c.initializer_range) });

const family = (
  modelType: string,
  name: string,
  variant: (f: ConfigFields, json: Json) => Variant,
  defaults = { rope_theta: 10000, rms_norm_eps: 1e-6 },
): CausalLmArchitecture<LlamaConfig> => ({
  modelType,
  className: `${name}ForCausalLM`,
  readConfig: readConfig(variant, defaults),
  heads: {
    [`${name}ForCausalLM`]: causalLmHead(causalLm),
    [`${name}ForSequenceClassification`]: lastTokenClassifier(decode, score),
    [`${name}ForTokenClassification`]: tokenClassifier(decode, 'score'),
    [`${name}Model`]: decoderHead(decode),
  },
  causalLm,
  cache: (c) => ({
    layers: c.num_hidden_layers,
    keyValueHeads: c.num_key_value_heads,
    headSize: c.head_dim,
    window: c.windows.find((window) => window !== undefined) ?? countedKeys(c.max_position_embeddings, c.rope_scaling),
  }),
  contextLength: (c) => rotaryContext(c.max_position_embeddings, c.rope_scaling),
  vocabularySize: (c) => c.vocab_size,
  // Saved from the model without its head: no prefix.
  olderNames: [[/^(embed_tokens|layers|norm)\./, 'model.$1.']],
  // Tables that older versions stored.
  ignoredNames: [/\.rotary_emb\.inv_freq$/, /^lm_head\.weight$/],
});

export const llama = family('llama', 'Llama', (f, json) => {
  refuse(json, { sliding_window: false });
  const attention = f.flag('attention_bias', false);
  return { biases: { queryKeyValue: attention, output: attention, mlp: f.flag('mlp_bias', false) } };
});

export const mistral = family('mistral', 'Mistral', (f, json) => {
  refuse(json, { attention_bias: false, mlp_bias: false });
  return {
    biases: { queryKeyValue: false, output: false, mlp: false },
    // The family's own default; null in the later models.
    window: json.sliding_window === undefined ? 4096 : f.optional('sliding_window'),
  };
});

/** Biases on queries, keys and values only. The lower layers see everything, the upper ones a window where it is on. */
export const qwen2 = family('qwen2', 'Qwen2', (f, json) => {
  refuse(json, { attention_bias: true, mlp_bias: false });
  return {
    biases: { queryKeyValue: true, output: false, mlp: false },
    window: f.flag('use_sliding_window', false) ? (f.optional('sliding_window') ?? 4096) : undefined,
    firstWindow: f.optional('max_window_layers') ?? 28,
  };
});
