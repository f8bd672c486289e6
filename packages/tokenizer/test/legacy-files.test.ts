// Older files: what they are turned into equals the tokenizer.json that was made from them elsewhere.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenizerFromFiles } from '../src/formats/from-files.ts';
import type { TokenizerJson } from '../src/index.ts';
import { tokenizerData } from './shared-data.ts';

const read = (file: string) => readFileSync(join(tokenizerData!, file));

const rows: [files: Record<string, string>, config: object, target: string][] = [
  [{ 'vocab.txt': 'bert-base-uncased/vocab.txt' }, {}, 'bert-base-uncased/tokenizer.json'],
  [{ 'vocab.txt': 'bert-base-cased/vocab.txt' }, { do_lower_case: false }, 'bert-base-cased/tokenizer.json'],
  [{ 'vocab.txt': 'bert-base-chinese/vocab.txt' }, { do_lower_case: false }, 'bert-base-chinese/tokenizer.json'],
  [{ 'vocab.json': 'gpt2/vocab.json', 'merges.txt': 'gpt2/merges.txt' }, {}, 'gpt2/tokenizer.json'],
  [
    { 'encoder.json': 'gpt2/vocab.json', 'vocab.bpe': 'gpt2/merges.txt' },
    { tokenizer_class: 'GPT2Tokenizer' },
    'gpt2/tokenizer.json',
  ],
  [
    { 'vocab.json': 'clip/vocab.json', 'merges.txt': 'clip/merges.txt' },
    { tokenizer_class: 'CLIPTokenizer' },
    'clip/tokenizer.json',
  ],
  [{ 'spiece.model': 't5-base/spiece.model' }, { tokenizer_class: 'T5TokenizerFast' }, 't5-base/tokenizer.json'],
  [
    { 'spiece.model': 'albert-base/spiece.model' },
    { tokenizer_class: 'AlbertTokenizer' },
    'albert-base/tokenizer.json',
  ],
  [{ 'tokenizer.model': 'llama-2/tokenizer.model' }, { tokenizer_class: 'LlamaTokenizer' }, 'llama-2/tokenizer.json'],
  [{ 'tokenizer.model': 'spm-test/unigram-bytefallback.model' }, {}, 'spm-test/unigram-bytefallback.tokenizer.json'],
];

describe.skipIf(tokenizerData === null)('older files', () => {
  for (const [files, config, target] of rows) {
    it(`${Object.values(files).join(' + ')} ${JSON.stringify(config)} become ${target}`, () => {
      const contents = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, read(file)]));
      const { tokenizer } = tokenizerFromFiles({ ...contents, 'tokenizer_config.json': JSON.stringify(config) });
      expect(tokenizer.toJson()).toEqual(JSON.parse(read(target).toString()) as TokenizerJson);
    });
  }

  it('Marian: the text is cut by source.spm, the ids are those of vocab.json', () => {
    const files = { 'source.spm': read('marian-en-mg/source.spm'), 'vocab.json': read('marian-en-mg/vocab.json') };
    const vocab = JSON.parse(files['vocab.json'].toString()) as Record<string, number>;
    const { tokens, ids } = tokenizerFromFiles(files).tokenizer.encode('Hello world, this is a test.');
    expect(tokens).toEqual(['▁Hello', '▁world', ',', '▁this', '▁is', '▁a', '▁test', '.', '</s>']);
    expect([...ids]).toEqual(tokens.map((token) => vocab[token]));
  });

  it('roles, chat template and length are read from tokenizer_config.json', () => {
    const { specialTokens, chatTemplate, maxLength } = tokenizerFromFiles({
      'tokenizer.json': read('gpt2/tokenizer.json'),
      'tokenizer_config.json': JSON.stringify({
        eos_token: { content: '<|endoftext|>' },
        chat_template: '{{ messages }}',
        model_max_length: 1024,
      }),
    });
    expect({ specialTokens, chatTemplate, maxLength }).toEqual({
      specialTokens: { eos: { token: '<|endoftext|>', id: 50256 } },
      chatTemplate: '{{ messages }}',
      maxLength: 1024,
    });
  });

  it('an unknown class is answered with the nearest', () => {
    const config = JSON.stringify({ tokenizer_class: 'RobertTokenizer' });
    expect(() => tokenizerFromFiles({ 'tokenizer_config.json': config })).toThrow('did you mean "RobertaTokenizer"?');
  });
});
