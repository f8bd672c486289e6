// All reference cases: ids, tokens, offsets, words, masks and text of the Rust library, SentencePiece and tiktoken.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runTokenizerGolden } from '../src/golden.node.ts';
import { tokenizerData } from './shared-data.ts';

describe.skipIf(tokenizerData === null)('reference cases', () => {
  it('agree, every one whose vocabulary is there', { timeout: 300_000 }, () => {
    const { cases } = runTokenizerGolden(join(tokenizerData!, 'golden-cases.json'));
    expect(cases.filter((c) => c.status === 'fail')).toEqual([]);
    const groups = new Set(cases.filter((c) => c.status === 'unsupported').map((c) => c.case.split(' ')[0]));
    // The ranks of these two come with the benchmarks' peers, where those are installed.
    expect(['tiktoken.p50k_base', 'tiktoken.o200k_base']).toEqual(expect.arrayContaining([...groups]));
    expect(cases.length).toBeGreaterThan(23000);
  });

  it('that cannot be run, or are wrong, are named and do not stop the others', () => {
    const folder = mkdtempSync(join(tmpdir(), 'golden-'));
    const model = { type: 'WordLevel', vocab: { '[UNK]': 0, 'a,b': 1 }, unk_token: '[UNK]' };
    writeFileSync(
      join(folder, 'words.json'),
      JSON.stringify({
        version: '1.0',
        pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'Removed', invert: false },
        model,
      }),
    );
    const right = { s: 0, ids: [1], tok: ['a,b'], off: [0, 3], w: [0], dec: 'a,b' };
    const file = join(folder, 'cases.json');
    writeFileSync(
      file,
      JSON.stringify({
        schema: 'yumo-tokenizer-golden/1',
        strings: ['a,b'],
        tokenizers: {
          words: { file: 'words.json', cases: [right, { ...right, ids: [0] }] },
          absent: { file: 'absent.json', cases: [right] },
        },
        components: {
          normalizers: [
            { config: { type: 'Upside' }, out: [[0, 'a']] },
            { config: { type: 'NFC' }, out: [[0, 'a,b']] },
          ],
          decoderInputs: [['a', 'b']],
          decoders: [{ config: { type: 'Fuse' }, out: ['ab'] }],
        },
        splits: { odd: { pattern: '\\G', coversAll: false, out: [[]] } },
        graphemes: {},
      }),
    );
    const { cases } = runTokenizerGolden(file);
    rmSync(folder, { recursive: true });
    expect(cases.map(({ case: name, status }) => `${status} ${name}`)).toEqual([
      'pass tokenizers.words #0',
      'fail tokenizers.words #0',
      'unsupported tokenizers.absent #0',
      'fail components.normalizers[0] {"type":"Upside"} #0',
      'pass components.normalizers[1] {"type":"NFC"} #0',
      'pass components.decoders[0] {"type":"Fuse"} #0',
      'unsupported graphemes #0',
      'fail splits.odd #0',
    ]);
  });
});
