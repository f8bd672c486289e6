// What the heads of several families share: inputs by name, outputs by name, losses by the kind of label.

import { addDims, type Dim, multiplyDims } from '../dimension.ts';
import { suggestion, YumoError } from '../errors.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { linear } from '../nn/linear.ts';
import { binaryCrossEntropy, contrastLogits, diagonalCrossEntropy, meanSquaredError, spanLoss } from '../nn/losses.ts';
import { normal, type Scope } from '../nn/scope.ts';
import {
  add,
  argmax,
  cast,
  concat,
  div,
  equal,
  expand,
  gather,
  gatherElements,
  greater,
  iota,
  less,
  maximum,
  mul,
  reshape,
  slice,
  sub,
  sum,
  where,
} from '../ops/build.ts';
import {
  crossEntropy,
  dim,
  flattenRows,
  l2Normalize,
  nextTokenLoss,
  sizeTensor,
  squeeze,
  unsqueeze,
} from '../ops/compose.ts';
import { integer, type Tensor } from '../tensor.ts';
import type {
  CrossDecoderInputs,
  CrossDecoderOutputs,
  DecoderInputs,
  DecoderOutputs,
  Encoded,
  Head,
  HeadOptions,
  InputForms,
  NamedTensors,
} from './architecture.ts';
import { configFields } from './config.ts';

/** Whole numbers of a shape. */
export const ids = (...shape: Dim[]): InputForms[string] => ({ dtype: 'int32', shape });

/** One text, or a pair of texts told apart by token_type_ids. */
export const textInputs: InputForms = {
  input_ids: ids('batch', 'sequence'),
  attention_mask: ids('batch', 'sequence'),
};
export const segmentedInputs: InputForms = { ...textInputs, token_type_ids: ids('batch', 'sequence') };
export const tokenLabels: InputForms = { labels: ids('batch', 'sequence') };
export const spanLabels: InputForms = { start_positions: ids('batch'), end_positions: ids('batch') };

/** An input that there is no default for. @throws YumoError `FEED` */
export function needed(inputs: NamedTensors, name: string): Tensor {
  const found = inputs[name];
  if (!found)
    throw new YumoError(
      'FEED',
      `the model needs "${name}"${suggestion(name, Object.keys(inputs))}; given: ${Object.keys(inputs).join(', ') || 'nothing'}`,
      { name },
    );
  return found;
}

/** The encoder's states that cross-attention reads when its keys and values are not given. @throws YumoError `FEED` */
export function sourceStates({ encoderHiddenStates }: CrossDecoderInputs): Tensor {
  if (!encoderHiddenStates)
    throw new YumoError('FEED', "decode: needs the encoder's hidden states, or the keys and values made from them", {});
  return encoderHiddenStates;
}

/** `prefix.0`, `prefix.1` … */
const numbered = (prefix: string, tensors: readonly Tensor[]): NamedTensors =>
  Object.fromEntries(tensors.map((t, i) => [`${prefix}.${i}`, t]));

/** hidden_states.i, attentions.i and last_hidden_state. @param side `encoder_` or `decoder_` in models that have both */
export const inner = (
  { hiddenStates, attentions }: Encoded,
  side: '' | 'encoder_' | 'decoder_' = '',
): NamedTensors => ({
  ...numbered(`${side}hidden_states`, hiddenStates),
  ...numbered(`${side}attentions`, attentions),
  [`${side}last_hidden_state`]: hiddenStates.at(-1)!,
});

/** The logits, and the loss where there are labels. */
export const scored = (
  logits: Tensor,
  labels: Tensor | undefined,
  loss: (logits: Tensor, labels: Tensor) => Tensor = crossEntropy,
): NamedTensors => (labels ? { logits, loss: loss(logits, labels) } : { logits });

/** What stands on an encoder: from its last hidden state `[batch, sequence, hidden]` to named outputs. */
export type Top<C> = (
  s: Scope,
  x: Tensor,
  inputs: NamedTensors,
  config: C,
  dropout: Dropout | undefined,
) => NamedTensors;
export type Encode<C> = (s: Scope, inputs: NamedTensors, config: C, dropout: Dropout | undefined) => Encoded;

/** Heads over one encoder, which lives under `prefix` in their checkpoints. */
export const headsOver =
  <C>(prefix: string, encode: Encode<C>, inputs: InputForms) =>
  (labels: InputForms | ((c: C) => InputForms), top: Top<C>): Head<C> => ({
    inputs: () => inputs,
    labels: typeof labels === 'function' ? labels : () => labels,
    build(s, given, c, { dropout } = {}) {
      const encoded = encode(s.at(prefix), given, c, dropout);
      return { ...inner(encoded), ...top(s, encoded.hiddenStates.at(-1)!, given, c, dropout) };
    },
  });

/** The fields of config.json that classifiers read. */
export interface Labelled {
  num_labels: number;
  problem_type: 'regression' | 'single_label_classification' | 'multi_label_classification' | undefined;
}

/** num_labels is the size of id2label, as Hugging Face writes it. */
export function readLabels(json: Readonly<Record<string, unknown>>): Labelled {
  const f = configFields(json);
  const named = json.id2label;
  const count = typeof named === 'object' && named !== null ? Object.keys(named).length : 2;
  const kinds = ['regression', 'single_label_classification', 'multi_label_classification'] as const;
  const given = f.text('problem_type', '');
  const problem_type = kinds.find((k) => k === given);
  if (given !== '' && !problem_type)
    throw new YumoError(
      'CONFIG',
      `config.json: "problem_type" is "${given}"${suggestion(given, kinds)}; known: ${kinds.join(', ')}`,
      { given },
    );
  return { num_labels: f.size('num_labels', Math.max(1, count)), problem_type };
}

/** Labels of a text: class numbers, or numbers in float32 for regression (of one number or several) and several labels at once. */
export function textLabels({ num_labels, problem_type }: Labelled): InputForms {
  const kind = problem_type ?? (num_labels === 1 ? 'regression' : 'single_label_classification');
  if (kind === 'single_label_classification') return { labels: { dtype: 'int32', shape: ['batch'] } };
  const one = kind === 'regression' && num_labels === 1;
  return { labels: { dtype: 'float32', shape: one ? ['batch'] : ['batch', num_labels] } };
}

/** logits `[batch, num_labels]` and the loss that the problem asks for; without `problem_type` the labels' form tells. */
export const classified = (logits: Tensor, labels: Tensor | undefined, c: Labelled): NamedTensors =>
  scored(logits, labels, (z, y) => {
    const kind =
      c.problem_type ??
      (c.num_labels === 1
        ? 'regression'
        : y.dtype === 'int32'
          ? 'single_label_classification'
          : 'multi_label_classification');
    if (kind === 'single_label_classification') return crossEntropy(z, y);
    const targets = cast(y, 'float32');
    return kind === 'regression'
      ? meanSquaredError(
          c.num_labels === 1 ? reshape(z, [dim(z, 0)]) : z,
          c.num_labels === 1 ? reshape(targets, [dim(z, 0)]) : targets,
        )
      : binaryCrossEntropy(z, targets);
  });

/**
 * The states that a masked language model's output layer reads: all, or where `label_positions` (int32 `[batch, labels]`) is among the inputs
 * those positions alone, `[batch, labels, hidden]`. In training six positions of seven have no label: the product with the vocabulary is theirs to save.
 */
export function labelledStates(x: Tensor, { label_positions: at }: NamedTensors): Tensor {
  if (!at) return x;
  const [batch, length] = [dim(x, 0), dim(x, 1)];
  const row = reshape(mul(iota(batch), sizeTensor(length)), [batch, 1]);
  return gather(flattenRows(x), add(at, row));
}

/** Start and end of an answer, from `[batch, sequence, 2]`. Positions beyond the sequence are ignored. */
export function spans(logits: Tensor, { start_positions, end_positions }: NamedTensors): NamedTensors {
  const side = (i: number): Tensor => squeeze(slice(logits, 2, i, i + 1), 2);
  const [start_logits, end_logits] = [side(0), side(1)];
  const length = sizeTensor(dim(logits, 1));
  const inside = (at: Tensor): Tensor => where(less(at, length), maximum(at, integer(0)), integer(-1));
  return {
    start_logits,
    end_logits,
    ...(start_positions && end_positions
      ? { loss: spanLoss(start_logits, end_logits, inside(start_positions), inside(end_positions)) }
      : {}),
  };
}

/** The state of the first position, `[batch, hidden]`. */
export const first = (x: Tensor): Tensor => squeeze(slice(x, 1, 0, 1), 1);

/** The mean over real positions, of length 1 (Reimers & Gurevych 2019, arXiv:1908.10084). `[batch, sequence, hidden]` → `[batch, hidden]`. */
export function sentenceEmbedding(x: Tensor, attentionMask: Tensor | undefined): Tensor {
  if (!attentionMask) return l2Normalize(sum(x, [1])); // the mean's divisor does not change the direction
  const real = unsqueeze(cast(attentionMask, 'float32'), -1);
  return l2Normalize(div(sum(mul(x, real), [1]), maximum(sum(real, [1]), 1)));
}

/** A softmax temperature that sentence embeddings are commonly trained with (Gao et al. 2021, arXiv:2104.08821). */
const contrastTemperature = 0.05;

/**
 * The encoder alone: its states, and an embedding of each text. Or, given pairs of texts (a_input_ids, b_input_ids …), both embeddings, the
 * similarities of all of them over the temperature as logits, and the contrastive loss, for which row i of a belongs to row i of b.
 */
export const encoderHead = <C>(encode: Encode<C>, inputs: InputForms): Head<C> => ({
  inputs: () => inputs,
  labels: () => ({}),
  build(s, given, c, { dropout, temperature = contrastTemperature }: HeadOptions = {}) {
    const embed = (texts: NamedTensors, place = ''): { encoded: Encoded; embedding: Tensor } => {
      // The two sides of a pair draw their own dropout masks, though the parameters are the same.
      const own: Dropout | undefined = dropout && ((t, rate, at) => dropout(t, rate, `${place}${at}`));
      const encoded = encode(s, texts, c, own);
      return { encoded, embedding: sentenceEmbedding(encoded.hiddenStates.at(-1)!, texts.attention_mask) };
    };
    if (!given.a_input_ids) {
      const { encoded, embedding } = embed(given);
      return { ...inner(encoded), sentence_embedding: embedding };
    }
    const side = (prefix: string): NamedTensors =>
      Object.fromEntries(
        Object.entries(given).flatMap(([name, t]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), t]] : [])),
      );
    const a = embed(side('a_'), 'a.').embedding;
    const b = embed(side('b_'), 'b.').embedding;
    const logits = contrastLogits(a, b, temperature);
    return { a_embedding: a, b_embedding: b, logits, loss: diagonalCrossEntropy(logits) };
  },
});

/**
 * Which of several texts? Inputs are `[batch, choices, sequence]`; the states that come out are those of `[batch · choices, sequence]`.
 * @param each a head whose logits are `[texts, 1]`
 */
export const multipleChoice = <C>(each: Head<C>): Head<C> => ({
  inputs: (c) =>
    Object.fromEntries(
      Object.entries(each.inputs(c)).map(([name, { dtype, shape }]) => [
        name,
        { dtype, shape: ['batch', 'choices', ...shape.slice(1)] },
      ]),
    ),
  labels: () => ({ labels: ids('batch') }),
  build(s, { labels, ...texts }, c, options) {
    const [batch, choices] = needed(texts, 'input_ids').shape as readonly [Dim, Dim];
    const flat = Object.fromEntries(
      Object.entries(texts).map(([name, t]) => [name, reshape(t, [multiplyDims(batch, choices), ...t.shape.slice(2)])]),
    );
    const { logits, ...rest } = each.build(s, flat, c, options);
    return { ...rest, ...scored(reshape(logits!, [batch, choices]), labels) };
  },
});

/** The states that an output layer reads: of every position, of the last one, or of those that are named. */
export function positionsRead(
  { hiddenStates }: Encoded,
  { logits = 'all', readPositions }: { logits?: 'all' | 'last' | undefined; readPositions?: Tensor | undefined },
): Tensor {
  const x = hiddenStates.at(-1)!;
  if (readPositions) return gather(x, readPositions, 1);
  return logits === 'last' ? slice(x, 1, addDims(dim(x, 1), -1), dim(x, 1)) : x;
}

const decoderInputs = (given: NamedTensors, dropout: Dropout | undefined): DecoderInputs => ({
  inputIds: needed(given, 'input_ids'),
  attentionMask: given.attention_mask,
  positionIds: given.position_ids,
  dropout,
});
const decoderForms: InputForms = { ...textInputs, position_ids: ids('batch', 'sequence') };

/** A decoder-only language model as a head: logits of every position, and the loss of predicting the next token. */
export const causalLmHead = <C>(causalLm: (s: Scope, inputs: DecoderInputs, c: C) => DecoderOutputs): Head<C> => ({
  inputs: () => decoderForms,
  labels: () => tokenLabels,
  build(s, given, c, { dropout } = {}) {
    const out = causalLm(s, decoderInputs(given, dropout), c);
    return { ...inner(out), ...scored(out.logits, given.labels, nextTokenLoss) };
  },
});

/** A decoder as classifier: the logits of the last position before padding. @param decode the model without its language-model head */
export const lastTokenClassifier = <C extends Labelled & { pad_token_id: number | undefined }>(
  decode: (s: Scope, inputs: DecoderInputs, c: C) => Encoded,
  score: (s: Scope, x: Tensor, c: C) => Tensor,
): Head<C> => ({
  inputs: () => decoderForms,
  labels: textLabels,
  build(s, given, c, { dropout } = {}) {
    const inputs = decoderInputs(given, dropout);
    const encoded = decode(s, inputs, c);
    const last = lastPosition(inputs.inputIds, c.pad_token_id);
    const logits = rowsAt(score(s, encoded.hiddenStates.at(-1)!, c), last);
    return { ...inner(encoded), ...classified(logits, given.labels, c) };
  },
});

/** A class for each position of a decoder, which sees what stands before it. @param name where the linear map lies in checkpoints */
export const tokenClassifier = <
  C extends Labelled & { readonly classifier_dropout: number; readonly initializer_range: number },
>(
  decode: (s: Scope, inputs: DecoderInputs, c: C) => Encoded,
  name: string,
): Head<C> => ({
  inputs: () => decoderForms,
  labels: () => tokenLabels,
  build(s, given, c, { dropout } = {}) {
    const encoded = decode(s, decoderInputs(given, dropout), c);
    const at = s.at(name);
    const x = drop(dropout, encoded.hiddenStates.at(-1)!, c.classifier_dropout, at.path);
    const logits = linear(at, x, c.num_labels, { initializer: normal(c.initializer_range) });
    return { ...inner(encoded), ...scored(logits, given.labels) };
  },
});

/** A decoder alone: its states, and an embedding of each text. @param decode the model without its language-model head */
export const decoderHead = <C>(decode: (s: Scope, inputs: DecoderInputs, c: C) => Encoded): Head<C> => ({
  inputs: () => decoderForms,
  labels: () => ({}),
  build(s, given, c, { dropout } = {}) {
    const encoded = decode(s, decoderInputs(given, dropout), c);
    const embedded = sentenceEmbedding(encoded.hiddenStates.at(-1)!, given.attention_mask);
    return { ...inner(encoded), sentence_embedding: embedded };
  },
});

/** The position before the first padding token; the last one where there is none, or where padding stands first. int32 `[batch]`. */
function lastPosition(inputIds: Tensor, padding: number | undefined): Tensor {
  const last = add(sizeTensor(dim(inputIds, 1)), integer(-1));
  if (padding === undefined) return expand(reshape(last, [1]), [dim(inputIds, 0)]);
  const firstPadding = argmax(cast(equal(inputIds, integer(padding)), 'float32'), 1);
  return where(greater(firstPadding, integer(0)), sub(firstPadding, integer(1)), last);
}

/** x[i, at[i]]: `[batch, sequence, n]` and int32 `[batch]` → `[batch, n]`. */
export function rowsAt(x: Tensor, at: Tensor): Tensor {
  const [batch, n] = [dim(x, 0), dim(x, 2)];
  return squeeze(gatherElements(x, expand(reshape(at, [batch, 1, 1]), [batch, 1, n]), 1), 1);
}

/** Labels moved right by one: the start token first, ignored labels as padding. int32 `[batch, target]`. */
export function shiftRight(labels: Tensor, start: number, padding: number): Tensor {
  const [batch, length] = [dim(labels, 0), dim(labels, 1)];
  const before = slice(labels, 1, 0, addDims(length, -1));
  return concat([expand(integer(start), [batch, 1]), where(less(before, integer(0)), integer(padding), before)], 1);
}

/**
 * An encoder-decoder language model as a head: both stacks, logits of every target position, cross-entropy with the labels.
 * Without decoder_input_ids the labels, moved right by one, are what the decoder reads.
 */
export const seq2seqHead = <C extends { pad_token_id: number | undefined }>(
  encode: (
    s: Scope,
    inputs: { inputIds: Tensor; attentionMask?: Tensor | undefined; dropout?: Dropout | undefined },
    c: C,
  ) => Encoded,
  decode: (s: Scope, inputs: CrossDecoderInputs, c: C) => CrossDecoderOutputs,
  start: (c: C) => number,
): Head<C> => ({
  inputs: () => ({ ...textInputs, decoder_input_ids: ids('batch', 'target') }),
  labels: () => ({ labels: ids('batch', 'target') }),
  build(s, given, c, { dropout } = {}) {
    const { attention_mask: attentionMask, labels } = given;
    const inputIds =
      given.decoder_input_ids ??
      (labels ? shiftRight(labels, start(c), c.pad_token_id ?? 0) : needed(given, 'decoder_input_ids'));
    const encoded = encode(s, { inputIds: needed(given, 'input_ids'), attentionMask, dropout }, c);
    const out = decode(
      s,
      {
        inputIds,
        attentionMask: given.decoder_attention_mask,
        encoderHiddenStates: encoded.hiddenStates.at(-1),
        encoderAttentionMask: attentionMask,
        dropout,
      },
      c,
    );
    return {
      ...inner(encoded, 'encoder_'),
      ...inner(out, 'decoder_'),
      ...numbered('cross_attentions', out.crossAttentions),
      ...scored(out.logits, labels),
    };
  },
});
