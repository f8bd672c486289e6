// Translations and summaries of a tiny random BART: batches, prefixes, streams, long texts, aborts.

import { rm } from 'node:fs/promises';
import { Tokenizer } from '@yumo/tokenizer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskSource } from '../src/checkpoint/disk.node.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { chunksOf } from '../src/tasks/chunks.ts';
import { Summarizer } from '../src/tasks/summarization.ts';
import { TextToText } from '../src/tasks/text-to-text.ts';
import { Translator } from '../src/tasks/translation.ts';
import { sentences, tinyFolder } from './tiny-heads.ts';

const runtime = await onnxruntimeNode({ threads: 1 });
const options = { tokenizer: (json: string) => Tokenizer.fromJson(json) };
let folder: string;
let model: TextToText;
beforeAll(async () => {
  folder = await tinyFolder('bart', 'BartForConditionalGeneration', {
    task_specific_params: { summarization: { prefix: 'sum: ' }, short: { max_length: 4, num_beams: 2 } },
  });
  model = await TextToText.load(diskSource(folder), runtime, options);
});
afterAll(async () => {
  await model.dispose();
  await rm(folder, { recursive: true });
});
const few = { maxNewTokens: 8 };
const long = Array.from({ length: 6 }, (_, i) => sentences[i % 4]!).join(' ');

describe('a text rewritten', () => {
  it('keeps to the settings of its task, and to a grammar from its first token on', async () => {
    const short = await TextToText.load(diskSource(folder), runtime, { ...options, task: 'short' });
    const [text] = sentences as [string, ...string[]];
    expect(await short.run([text])).toEqual(await model.run([text], { maxNewTokens: 3, beams: 2 }));
    const grammar = { kind: 'regex', pattern: '[A-Z][a-z]{3} (yes|no)' } as const;
    for (const beams of [1, 3])
      for (const written of await model.run(sentences, { grammar, beams, maxNewTokens: 12 }))
        expect(written).toMatch(/^[A-Z][a-z]{3} (yes|no)$/);
    await short.dispose();
  });

  it('is the same alone, in a batch, and streamed', async () => {
    const together = await model.run(sentences, { ...few, batchSize: 5 });
    expect(await model.run(sentences, { ...few, batchSize: 2 })).toEqual(together);
    for (const [i, text] of sentences.entries()) {
      let streamed = '';
      for await (const piece of model.stream(text, few)) streamed += piece;
      expect(streamed).toBe(together[i]);
    }
    expect(new Set(together).size).toBeGreaterThan(1);
  });

  it('has its prefix: that of the task, or the one given', async () => {
    const summarizer = await Summarizer.load(diskSource(folder), runtime, options);
    const [text] = sentences as [string];
    const wanted = (await model.run([`sum: ${text}`], few)).map((t) => t.trim());
    expect(await summarizer.run([text], few)).toEqual(wanted);
    expect(await summarizer.run([text], { ...few, prefix: '' })).not.toEqual(wanted);
    await summarizer.dispose();
  });

  it('is at least as likely by beam search', async () => {
    const [text] = sentences as [string];
    const source = [model.sourceIds(text)];
    const score = async (beams: number) => (await model.model.beamSearch(source, { beams, maxNewTokens: 6 }))[0]![0]!;
    expect((await score(4)).score).toBeGreaterThanOrEqual((await score(1)).score);
    const [best] = await model.run([text], { beams: 4, maxNewTokens: 6 });
    expect(best).toBe(model.tokenizer.decode((await score(4)).ids, { skipSpecialTokens: true }));
  });

  it('is refused when too long, or with options that do not exist', async () => {
    await expect(model.run([long], few)).rejects.toMatchObject({ code: 'CONTEXT' });
    await expect(model.run(['a'], { beam: 2 } as object)).rejects.toThrow('did you mean "beams"?');
    await expect(model.run(['a'], { batchSize: 0 })).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('stops when told', async () => {
    const signal = AbortSignal.abort();
    await expect(model.run(sentences, { ...few, signal })).rejects.toMatchObject({ code: 'ABORTED' });
    const control = new AbortController();
    const pieces: string[] = [];
    for await (const piece of model.stream(sentences[0]!, { maxNewTokens: 40, signal: control.signal })) {
      pieces.push(piece);
      control.abort();
    }
    expect(pieces.length).toBeLessThan(4);
  });
});

describe('a text longer than the model reads', () => {
  it('is translated chunk by chunk, with what lies between them', async () => {
    const translator = await Translator.load(diskSource(folder), runtime, options);
    const chunks = chunksOf(long, (c) => model.sourceIds(c).length <= model.sourceLength);
    expect(chunks.length).toBeGreaterThan(1);
    const parts = await model.run(
      chunks.map((c) => c.text),
      few,
    );
    expect(await translator.run([sentences[0]!, long], few)).toEqual([
      (await model.run([sentences[0]!], few))[0],
      parts.map((part, i) => part + chunks[i]!.after).join(''),
    ]);
    await translator.dispose();
  });

  it('is summarized chunk by chunk, and the summaries once more if asked', async () => {
    const summarizer = await Summarizer.load(diskSource(folder), runtime, options);
    const chunks = chunksOf(long, (c) => model.sourceIds(`sum: ${c}`).length <= model.sourceLength);
    const each = await summarizer.run(
      chunks.map((c) => c.text),
      { maxNewTokens: 4 },
    );
    const joined = each.join(' ');
    expect(await summarizer.run([long], { maxNewTokens: 4 })).toEqual([joined]);
    expect(await summarizer.run([long], { maxNewTokens: 4, merge: 'summarize' })).toEqual(
      await summarizer.run([joined], { maxNewTokens: 4 }),
    );
    await summarizer.dispose();
  });
});
