// All reference cases: ids, tokens, offsets, words, masks and text of the Rust library, SentencePiece and tiktoken.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runTokenizerGolden } from '../src/golden.node.ts';
import { tokenizerData } from './shared-data.ts';

describe.skipIf(tokenizerData === null)('reference cases', () => {
  it('agree, every one whose vocabulary is there', () => {
    const { cases } = runTokenizerGolden(join(tokenizerData!, 'golden-cases.json'));
    expect(cases.filter((c) => c.status === 'fail')).toEqual([]);
    const groups = new Set(cases.filter((c) => c.status === 'unsupported').map((c) => c.case.split(' ')[0]));
    expect([...groups]).toEqual(['tiktoken.p50k_base', 'tiktoken.o200k_base']);
    expect(cases.length).toBeGreaterThan(23000);
  });
});
