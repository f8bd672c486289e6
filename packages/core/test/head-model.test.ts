// Heads on real (tiny) models: a text is answered alone as it is in a batch, whatever its neighbours' lengths.

import { trainWordPiece } from '@yumo/tokenizer';
import { describe, expect, it } from 'vitest';
import { writeSafetensors } from '../src/checkpoint/safetensors.ts';
import { memorySource } from '../src/checkpoint/source.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { FeatureExtractor } from '../src/tasks/feature-extraction.ts';
import { TextClassifier } from '../src/tasks/text-classification.ts';
import { configs, randomHeadWeights, sentences } from './tiny-heads.ts';

const runtime = await onnxruntimeNode({ threads: 1 });
const tokenizer = await trainWordPiece(sentences, { vocabularySize: 160 });
const options = { tokenizer: () => tokenizer };
const source = (config: Readonly<Record<string, unknown>>) =>
  memorySource({
    'config.json': JSON.stringify(config),
    'model.safetensors': writeSafetensors(randomHeadWeights(config)),
    'tokenizer.json': '{}',
  });
const gpt2 = { model_type: 'gpt2', n_positions: 64, n_embd: 16, n_layer: 2, n_head: 2 };
const classifiers = [
  { ...configs.bert, architectures: ['BertForSequenceClassification'] },
  { ...configs.bart, pad_token_id: 0, eos_token_id: 3, architectures: ['BartForSequenceClassification'] },
  { ...gpt2, pad_token_id: 0, architectures: ['GPT2ForSequenceClassification'] },
  { ...gpt2, architectures: ['GPT2ForSequenceClassification'] },
].map((config) => ({ ...config, vocab_size: tokenizer.vocabularySize }));

describe.each(classifiers)('$architectures.0, padding token $pad_token_id', (config) => {
  it('classifies a text alone as in a batch', async () => {
    const classifier = await TextClassifier.load(source(config), runtime, options);
    const together = await classifier.run(sentences, { scores: 'none' });
    for (const [i, text] of sentences.entries()) {
      const [alone] = await classifier.run([text], { scores: 'none' });
      for (const [j, { label, score }] of alone!.entries()) {
        expect(together[i]![j]!.label).toBe(label);
        expect(together[i]![j]!.score).toBeCloseTo(score, 4);
      }
    }
    await classifier.dispose();
  });
});

it('a text has all its classes when the longest text of its batch has as many tokens', async () => {
  const id2label = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((label, i) => [i, label]));
  const config = { ...classifiers[0], id2label };
  const classifier = await TextClassifier.load(source(config), runtime, options);
  const texts = ['§', '§ § §']; // unknown characters, a token each
  expect(texts.map((text) => tokenizer.encode(text).length)).toEqual([3, 5]);
  expect((await classifier.run(texts)).map((row) => row.length)).toEqual([5, 5]);
  await classifier.dispose();
});

it('states of a batch have no rows for padding', async () => {
  const config = { ...configs.bert, architectures: ['BertModel'], vocab_size: tokenizer.vocabularySize };
  const extractor = await FeatureExtractor.load(source(config), runtime, options);
  const states = await extractor.tokens(sentences);
  for (const [i, text] of sentences.entries()) {
    const { length } = tokenizer.encode(text);
    expect(states[i]!.shape).toEqual([length, 32]);
    expect(states[i]!.data).toHaveLength(length * 32);
  }
  const [one] = await extractor.run([sentences[0]!]);
  expect(Math.hypot(...one!)).toBeCloseTo(1, 6);
  await extractor.dispose();
});
