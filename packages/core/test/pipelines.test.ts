// Exported folders of every kind in the pipelines of transformers.js: their answers are ours.

import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { Tokenizer } from '@yumo/tokenizer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskSource } from '../src/checkpoint/disk.node.ts';
import type { FileSource } from '../src/checkpoint/source.ts';
import { exportFolder } from '../src/export/folder.node.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { FeatureExtractor } from '../src/tasks/feature-extraction.ts';
import { MaskFiller } from '../src/tasks/fill-mask.ts';
import { QuestionAnswerer } from '../src/tasks/question-answering.ts';
import { Summarizer } from '../src/tasks/summarization.ts';
import { TextClassifier } from '../src/tasks/text-classification.ts';
import { TokenClassifier } from '../src/tasks/token-classification.ts';
import { Translator } from '../src/tasks/translation.ts';
import { ZeroShotClassifier } from '../src/tasks/zero-shot-classification.ts';
import { entityLabels, sentences, tinyFolder } from './tiny-heads.ts';

const runtime = await onnxruntimeNode({ threads: 1 });
const options = { tokenizer: (json: string) => Tokenizer.fromJson(json) };
const made: string[] = [];
/** Of the largest value. */
const tolerances = { float32: 1e-5, float16: 0.01, int8: 0.2, int4: 0.6 };

/** A folder with its ONNX files, checked on the probe set. */
async function exported(...model: Parameters<typeof tinyFolder>): Promise<string> {
  const folder = await tinyFolder(...model);
  made.push(folder);
  const { files } = await exportFolder(folder, { runtime, forms: ['float32', 'float16', 'int8', 'int4'] });
  for (const { form, path, difference } of files) {
    expect(difference.scale, path).toBeGreaterThan(0.05);
    expect(difference.largest, path).toBeLessThan(tolerances[form] * difference.scale);
  }
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  return folder;
}
const open = (folder: string) => [diskSource(folder), runtime, options] as const;
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

/** As folders are published that only transformers.js was thought of for. */
function withoutWeights(folder: string): FileSource {
  const source = diskSource(folder);
  return {
    name: source.name,
    exists: async (path) => path !== 'model.safetensors' && source.exists(path),
    size: (path) => source.size(path),
    read: (path, o) => source.read(path, o),
  };
}

const close = (ours: readonly number[], theirs: readonly number[]): void => {
  expect(ours).toHaveLength(theirs.length);
  for (const [i, x] of ours.entries()) expect(Math.abs(x - theirs[i]!)).toBeLessThan(1e-4);
};

const scoresOf = (row: readonly { readonly score: number }[]): number[] => row.map((x) => x.score);

describe.each(['bert', 'roberta', 'distilbert', 'albert', 'electra', 'modernbert'] as const)('%s', (family) => {
  const name = {
    bert: 'Bert',
    roberta: 'Roberta',
    distilbert: 'DistilBert',
    albert: 'Albert',
    electra: 'Electra',
    modernbert: 'ModernBert',
  };

  it('classifies texts as transformers.js does', async () => {
    const folder = await exported(family, `${name[family]}ForSequenceClassification`, {
      id2label: { 0: 'bad', 1: 'fair', 2: 'good' },
    });
    const ours = await TextClassifier.load(...open(folder));
    const theirs = await pipeline('text-classification', basename(folder), { dtype: 'fp32' });
    const wanted = (await theirs(sentences, { top_k: 3 })) as unknown as { label: string; score: number }[][];
    const got = await ours.run(sentences);
    for (const [i, row] of wanted.entries()) {
      expect(got[i]!.map((x) => x.label)).toEqual(row.map((x) => x.label));
      close(
        got[i]!.map((x) => x.score),
        row.map((x) => x.score),
      );
    }
    expect(new Set(got.map(([best]) => best!.score)).size).toBe(sentences.length);
    const alone = await TextClassifier.load(withoutWeights(folder), runtime, options);
    for (const [i, row] of (await alone.run(sentences)).entries()) close(scoresOf(row), scoresOf(got[i]!));
    await Promise.all([ours.dispose(), alone.dispose(), theirs.dispose()]);
  });
});

describe('of an encoder', () => {
  it.each(['bert', 'roberta'] as const)('%s tags tokens as transformers.js does', async (family) => {
    const folder = await exported(
      family,
      family === 'bert' ? 'BertForTokenClassification' : 'RobertaForTokenClassification',
      entityLabels,
    );
    const ours = await TokenClassifier.load(...open(folder));
    const theirs = await pipeline('token-classification', basename(folder), { dtype: 'fp32' });
    for (const grouping of ['none', 'simple'] as const) {
      const wanted = (await theirs(sentences, { aggregation_strategy: grouping, ignore_labels: [] })) as unknown as {
        entity?: string;
        entity_group?: string;
        score: number;
      }[][];
      const got = await ours.run(sentences, { grouping, ignoreLabels: [] });
      for (const [i, row] of wanted.entries()) {
        expect(got[i]!.map((x) => x.label)).toEqual(row.map((x) => x.entity ?? x.entity_group));
        close(
          got[i]!.map((x) => x.score),
          row.map((x) => x.score),
        );
        for (const entity of got[i]!) expect(sentences[i]!.slice(entity.start, entity.end)).toBe(entity.text);
      }
      expect(new Set(got.flat().map((x) => x.label)).size).toBeGreaterThan(1);
    }
    await Promise.all([ours.dispose(), theirs.dispose()]);
  });

  it.each(['bert', 'roberta', 'distilbert'] as const)(
    '%s answers questions as transformers.js does',
    async (family) => {
      const head = { bert: 'Bert', roberta: 'Roberta', distilbert: 'DistilBert' }[family];
      const folder = await exported(family, `${head}ForQuestionAnswering`);
      const ours = await QuestionAnswerer.load(...open(folder));
      const theirs = await pipeline('question-answering', basename(folder), { dtype: 'fp32' });
      for (const context of sentences.slice(0, 3)) {
        const wanted = (await theirs('Who was born?', context, { top_k: 4 })) as unknown as {
          answer: string;
          score: number;
        }[];
        const [got] = await ours.run([{ question: 'Who was born?', context }], { topK: 4, maxAnswerTokens: 500 });
        const plain = (text: string): string => text.toLowerCase().replace(/\s/g, '');
        expect(got!.answers.map((a) => plain(a.text))).toEqual(wanted.map((a) => plain(a.answer)));
        close(
          got!.answers.map((a) => a.score),
          wanted.map((a) => a.score),
        );
        for (const { text, start, end } of got!.answers) expect(context.slice(start, end)).toBe(text);
      }
      await Promise.all([ours.dispose(), theirs.dispose()]);
    },
  );

  it.each([
    ['bert', 'BertForMaskedLM', '[MASK]'],
    ['roberta', 'RobertaForMaskedLM', '<mask>'],
  ] as const)('%s fills masks as transformers.js does', async (family, head, mask) => {
    const folder = await exported(family, head);
    const ours = await MaskFiller.load(...open(folder));
    expect(ours.maskToken).toBe(mask);
    const theirs = await pipeline('fill-mask', basename(folder), { dtype: 'fp32' });
    const texts = [`The ${mask} reached Lisbon.`, `Marie Curie was born in ${mask} and worked.`];
    const wanted = (await theirs(texts)) as unknown as { token: number; token_str: string; score: number }[][];
    const got = await ours.run(texts);
    for (const [i, row] of wanted.entries()) {
      expect(got[i]).toHaveLength(1);
      expect(got[i]![0]!.map((x) => [x.id, x.text])).toEqual(row.map((x) => [x.token, x.token_str]));
      close(
        got[i]![0]!.map((x) => x.score),
        row.map((x) => x.score),
      );
    }
    await Promise.all([ours.dispose(), theirs.dispose()]);
  });

  it.each(['mean', 'cls'] as const)('vectors pooled by %s are those of transformers.js', async (pooling) => {
    const folder = await exported('bert', 'BertModel');
    const ours = await FeatureExtractor.load(...open(folder));
    const theirs = await pipeline('feature-extraction', basename(folder), { dtype: 'fp32' });
    for (const normalize of [true, false]) {
      const wanted = (await theirs(sentences, { pooling, normalize })).tolist() as number[][];
      const got = await ours.run(sentences, { pooling, normalize });
      for (const [i, row] of wanted.entries()) close([...got[i]!], row);
    }
    await Promise.all([ours.dispose(), theirs.dispose()]);
  });

  it('classes without training are those of transformers.js', async () => {
    const folder = await exported('bert', 'BertForSequenceClassification', {
      id2label: { 0: 'contradiction', 1: 'neutral', 2: 'entailment' },
    });
    const ours = await ZeroShotClassifier.load(...open(folder));
    const theirs = await pipeline('zero-shot-classification', basename(folder), { dtype: 'fp32' });
    const labels = ['travel', 'science', 'letters'];
    for (const several of [false, true]) {
      const wanted = (await theirs(sentences, labels, { multi_label: several })) as unknown as {
        labels: string[];
        scores: number[];
      }[];
      const got = await ours.run(sentences, labels, { several });
      for (const [i, row] of wanted.entries()) {
        expect(got[i]!.map((x) => x.label)).toEqual(row.labels);
        close(
          got[i]!.map((x) => x.score),
          row.scores,
        );
      }
    }
    await Promise.all([ours.dispose(), theirs.dispose()]);
  });
});

describe.each([
  ['t5', 'T5ForConditionalGeneration'],
  ['bart', 'BartForConditionalGeneration'],
  ['marian', 'MarianMTModel'],
] as const)('%s', (family, head) => {
  let folder: string;
  beforeAll(async () => {
    folder = await exported(family, head, {
      task_specific_params: { translation: { prefix: 'translate: ' }, summarization: { prefix: 'summarize: ' } },
    });
  });

  it.each(['fp32', 'fp16', 'q8', 'q4'] as const)(
    'writes translations in transformers.js from its %s files',
    async (dtype) => {
      const theirs = await pipeline('translation', basename(folder), { dtype });
      const texts = sentences.slice(0, 3);
      const wanted = (await theirs(texts, { max_new_tokens: 16 } as never)) as unknown as {
        translation_text: string;
      }[];
      expect(wanted.some((x) => x.translation_text.length > 3)).toBe(true);
      if (dtype === 'fp32') {
        const ours = await Translator.load(...open(folder));
        const got = await ours.run(texts, { maxNewTokens: 16 });
        expect(got.map((x) => x.trim())).toEqual(wanted.map((x) => x.translation_text.trim()));
        await ours.dispose();
      }
      await theirs.dispose();
    },
  );

  it.each([
    ['', 'fp32'],
    ['_fp16', 'fp16'],
    ['_quantized', 'q8'],
    ['_q4', 'q4'],
  ] as const)('is opened here from its %s files, and writes what transformers.js writes', async (suffix, dtype) => {
    const files = {
      encoder: `onnx/encoder_model${suffix}.onnx`,
      decoder: `onnx/decoder_model_merged${suffix}.onnx`,
    };
    const ours = await Translator.load(diskSource(folder), runtime, { ...options, files });
    const theirs = await pipeline('translation', basename(folder), { dtype });
    const texts = sentences.slice(0, 3);
    const wanted = (await theirs(texts, { max_new_tokens: 16 } as never)) as unknown as { translation_text: string }[];
    const got = await ours.run(texts, { maxNewTokens: 16 });
    expect(got.map((x) => x.trim())).toEqual(wanted.map((x) => x.translation_text.trim()));
    if (dtype === 'fp32') {
      const beams = { maxNewTokens: 6, beams: 3 };
      const weights = await Translator.load(...open(folder));
      expect(await ours.run(texts, beams)).toEqual(await weights.run(texts, beams));
      const alone = await Translator.load(withoutWeights(folder), runtime, options);
      expect(await alone.run(texts, beams)).toEqual(await weights.run(texts, beams));
      await Promise.all([weights.dispose(), alone.dispose()]);
    }
    await Promise.all([ours.dispose(), theirs.dispose()]);
  });

  it('writes summaries as transformers.js does', async () => {
    const theirs = await pipeline('summarization', basename(folder), { dtype: 'fp32' });
    const ours = await Summarizer.load(...open(folder));
    const [wanted] = (await theirs([sentences[1]!], { max_new_tokens: 12 } as never)) as unknown as {
      summary_text: string;
    }[];
    const [got] = await ours.run([sentences[1]!], { maxNewTokens: 12 });
    expect(got).toBe(wanted!.summary_text.trim());
    await Promise.all([ours.dispose(), theirs.dispose()]);
  });
});
