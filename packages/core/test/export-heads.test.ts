// Every architecture with every head as ONNX files: the same numbers as the graph, the names of inputs, outputs and sizes that others use.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { openBundle } from '../src/checkpoint/folder.ts';
import { writeSafetensors } from '../src/checkpoint/safetensors.ts';
import { memorySource } from '../src/checkpoint/source.ts';
import { type ExportOptions, exportBundle } from '../src/export/export.ts';
import { countOperations } from '../src/graph/print.ts';
import { toOnnx } from '../src/lower/onnx/model.ts';
import { headGraph } from '../src/models/head-graph.ts';
import { modelFor, modelTypes } from '../src/models/index.ts';
import { matmul } from '../src/ops/build.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../src/runtimes/reference.ts';
import { tensor } from '../src/tensor.ts';
import { sizeOf, toFloat64, value } from '../src/value.ts';
import { configs, randomHeadWeights } from './tiny-heads.ts';

const runtime = await onnxruntimeNode({ threads: 1 });
const decoder = {
  vocab_size: 40,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 32,
};
const all: Readonly<Record<string, object>> = {
  ...configs,
  gpt2: { n_positions: 32, n_embd: 16, n_layer: 2, n_head: 2 },
  llama: decoder,
  mistral: { ...decoder, sliding_window: 4 },
  qwen2: decoder,
  gpt_neox: { ...decoder, num_key_value_heads: undefined, rotary_pct: 0.5 },
  lstm_lm: { embedding_size: 8, hidden_size: 12, num_layers: 1 },
  lstm_classifier: { embedding_size: 8, hidden_size: 12, num_layers: 1 },
  ngram_lm: { embedding_size: 8, hidden_size: 12, order: 4 },
};
const configOf = (modelType: string, className?: string) => ({
  ...(all[modelType] ?? all[modelType.replace('-', '_')] ?? {}),
  model_type: modelType,
  vocab_size: 40,
  ...(className === undefined ? {} : { architectures: [className] }),
});
const exported = async (config: Readonly<Record<string, unknown>>, options: Partial<ExportOptions> = {}) => {
  const source = memorySource({
    'config.json': JSON.stringify(config),
    'model.safetensors': writeSafetensors(randomHeadWeights(config)),
  });
  return (await exportBundle(await openBundle(source), { runtime, against: referenceRuntime, ...options })).files;
};
const heads = modelTypes.flatMap((type) =>
  Object.keys(modelFor(configOf(type)).architecture.heads).map((className) => [type, className] as const),
);

describe.each(heads)('%s %s', (modelType, className) => {
  it('gives the numbers of its graph, in float32 and near them in 8 bits', async () => {
    const files = await exported(configOf(modelType, className));
    for (const { path, form, difference } of files) {
      expect(difference.scale, path).toBeGreaterThan(0.01);
      expect(difference.largest, path).toBeLessThan((form === 'float32' ? 2e-5 : 0.3) * difference.scale);
      if (form === 'float32') expect(difference.sameChoice, path).toBe(1);
    }
  });
});

/** Name → shape of a file's inputs or outputs. */
const shapes = (metadata: readonly InferenceSession.ValueMetadata[]) =>
  Object.fromEntries(metadata.map((m) => [m.name, m.isTensor ? m.shape : []]));
const opened = async (config: Readonly<Record<string, unknown>>, options: Partial<ExportOptions> = {}) =>
  Object.fromEntries(
    await Promise.all(
      (await exported(config, { forms: ['float32'], ...options })).map(async ({ path, bytes }) => {
        const session = await InferenceSession.create(bytes);
        return [path, { inputs: shapes(session.inputMetadata), outputs: shapes(session.outputMetadata) }] as const;
      }),
    ),
  );

describe.each([
  ['lstm-lm', {}],
  ['lstm-classifier', { bidirectional: true, num_layers: 2 }],
] as const)('an exported %s', (modelType, more) => {
  it('reads texts of two lengths from one file, padded or not, as its unrolled graph does', async () => {
    const config = { ...configOf(modelType), ...more };
    const [file] = await exported(config, { forms: ['float32'] });
    const session = await InferenceSession.create(file!.bytes);
    const model = modelFor(config);
    const weights = randomHeadWeights(config);
    for (const [length, padding] of [
      [3, 0],
      [9, 2],
    ] as const) {
      const forms = model.head.inputs(model.config);
      const sizes: Readonly<Record<string, number>> = { batch: 2, sequence: length };
      const shapeOf = (dims: readonly (string | number)[]) => dims.map((d) => (typeof d === 'number' ? d : sizes[d]!));
      // Built for this length: the steps of training, one by one.
      const fixed = { ...model, head: { ...model.head, inputs: () => fixedForms } };
      const fixedForms = Object.fromEntries(
        Object.entries(forms)
          .filter(([name]) => name !== 'position_ids')
          .map(([name, { dtype, shape }]) => [name, { dtype, shape: shapeOf(shape) }]),
      );
      const { graph } = headGraph(fixed);
      expect([...countOperations(graph).keys()]).not.toContain('lstm');
      const feeds = Object.fromEntries(
        Object.entries(fixedForms).map(([name, { dtype, shape }]) => {
          const of = (i: number): number => {
            if (name === 'attention_mask') return +(i < 2 * length - padding);
            return dtype === 'int32' ? (7 * i + 3) % 40 : Math.sin(i);
          };
          return [
            name,
            value(
              dtype,
              shape,
              Array.from({ length: sizeOf(shape) }, (_, i) => of(i)),
            ),
          ];
        }),
      );
      const program = await referenceRuntime.compile(graph, { constants: weights });
      const wanted = await program.run(feeds, { outputs: ['logits'] });
      const got = await session.run(
        Object.fromEntries(
          Object.entries(feeds).map(([name, v]) => [
            name,
            v.dtype === 'int32'
              ? new Tensor('int64', BigInt64Array.from(v.data as Int32Array, BigInt), v.shape as number[])
              : new Tensor('float32', v.data as Float32Array, v.shape as number[]),
          ]),
        ),
      );
      expect(got.logits!.dims).toEqual(wanted.logits!.shape);
      const [a, b] = [got.logits!.data as Float32Array, toFloat64(wanted.logits!)];
      expect(Math.max(...b.map(Math.abs))).toBeGreaterThan(0.01);
      for (const [i, x] of a.entries()) expect(Math.abs(x - b[i]!)).toBeLessThan(1e-5);
    }
  });
});

it('refuses to put more into one file than an ONNX file can hold', () => {
  const [rows, columns] = [2 ** 14, 2 ** 14];
  const data = new Float32Array(rows * columns); // 1 GiB that nobody touches
  const [x, a, b] = [
    tensor('x', 'float32', [1, rows]),
    ...['a', 'b'].map((n) => tensor(n, 'float32', [rows, columns])),
  ];
  const graph = { inputs: [x!, a!, b!], outputs: { y: matmul(matmul(x!, a!), b!) } };
  const constants = {
    a: { dtype: 'float32', shape: [rows, columns], data },
    b: { dtype: 'float32', shape: [rows, columns], data },
  } as const;
  expect(() => toOnnx(graph, { constants })).toThrow(/put its tensors beside it/);
});

describe('the layout', () => {
  const text = ['batch_size', 'sequence_length'];

  it('of an encoder with a head', async () => {
    expect(await opened(configOf('bert', 'BertForQuestionAnswering'))).toEqual({
      'onnx/model.onnx': {
        inputs: { input_ids: text, attention_mask: text, token_type_ids: text },
        outputs: { start_logits: text, end_logits: text },
      },
    });
    expect((await opened(configOf('distilbert', 'DistilBertForMaskedLM')))['onnx/model.onnx']).toEqual({
      inputs: { input_ids: text, attention_mask: text },
      outputs: { logits: [...text, 40] },
    });
    expect((await opened(configOf('bert', 'BertModel')))['onnx/model.onnx']!.outputs.last_hidden_state).toEqual([
      ...text,
      32,
    ]);
  });

  it('of a decoder with its cache, and of one that classifies', async () => {
    const lm = (await opened(configOf('llama')))['onnx/model.onnx']!;
    expect(lm.inputs).toMatchObject({
      attention_mask: ['batch_size', 'past_sequence_length + sequence_length'],
      position_ids: text,
      'past_key_values.1.value': ['batch_size', 2, 'past_sequence_length', 4],
    });
    const classifier = (await opened(configOf('gpt2', 'GPT2ForSequenceClassification')))['onnx/model.onnx']!;
    expect(Object.keys(classifier.inputs)).toEqual(['input_ids', 'attention_mask']);
  });

  it('of an encoder-decoder model, in two files or in three', async () => {
    const source = ['batch_size', 'encoder_sequence_length'];
    const target = ['batch_size', 'decoder_sequence_length'];
    const cache = (length: string) => ['batch_size', 4, length, 8];
    const merged = await opened(configOf('bart'));
    expect(Object.keys(merged)).toEqual(['onnx/encoder_model.onnx', 'onnx/decoder_model_merged.onnx']);
    expect(merged['onnx/encoder_model.onnx']).toEqual({
      inputs: { input_ids: text, attention_mask: text },
      outputs: { last_hidden_state: [...text, 32] },
    });
    expect(merged['onnx/decoder_model_merged.onnx']!.inputs).toMatchObject({
      input_ids: target,
      encoder_attention_mask: source,
      encoder_hidden_states: [...source, 32],
      use_cache_branch: [1],
      'past_key_values.0.decoder.key': cache('past_decoder_sequence_length'),
      'past_key_values.1.encoder.value': cache('encoder_sequence_length'),
    });
    const pair = await opened(configOf('t5'), { decoder: 'pair' });
    expect(Object.keys(pair)).toEqual([
      'onnx/encoder_model.onnx',
      'onnx/decoder_model.onnx',
      'onnx/decoder_with_past_model.onnx',
    ]);
    expect(Object.keys(pair['onnx/decoder_model.onnx']!.outputs)).toContain('present.2.encoder.key');
    expect(Object.keys(pair['onnx/decoder_with_past_model.onnx']!.outputs)).not.toContain('present.2.encoder.key');
  });

  it('of half floats: half the bytes, near the numbers', async () => {
    for (const config of [configOf('bert', 'BertForMaskedLM'), configOf('t5')]) {
      const whole = await exported(config, { forms: ['float32'] });
      const half = await exported(config, { forms: ['float16'] });
      for (const [i, { path, bytes, difference }] of half.entries()) {
        expect(path).toBe(whole[i]!.path.replace('.onnx', '_fp16.onnx'));
        expect(bytes.length).toBeLessThan(0.8 * whole[i]!.bytes.length);
        expect(difference.largest).toBeGreaterThan(whole[i]!.difference.largest);
        expect(difference.largest).toBeLessThan(0.01 * difference.scale);
      }
    }
  });

  it('stores the weights of both branches once', async () => {
    const [, merged] = await exported(configOf('bart'), { forms: ['float32'] });
    const [, first] = await exported(configOf('bart'), { forms: ['float32'], decoder: 'pair' });
    expect(merged!.bytes.length).toBeLessThan(1.25 * first!.bytes.length);
  });
});
