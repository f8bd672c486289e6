// Cost grows with the text and not faster; memory does not grow with the number of texts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index.ts';
import { tokenizerData } from './shared-data.ts';

const load = (name: string) =>
  Tokenizer.fromJson(readFileSync(join(tokenizerData!, name, 'tokenizer.json'), 'utf8'), { file: name });

/** Processor time of this process, in seconds: other processes do not count. */
function secondsOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Letters without any order and without a space. */
function letters(length: number): string {
  let text = '';
  for (let x = 1; text.length < length; ) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    text += String.fromCharCode(97 + ((x >>> 16) % 26));
  }
  return text;
}

describe.skipIf(tokenizerData === null)('one word without end', () => {
  const words: Record<string, (length: number) => string> = {
    'one letter': (n) => 'a'.repeat(n),
    'letters at random': letters,
    ideographs: (n) => '中文'.repeat(n / 2),
    spaces: (n) => ' '.repeat(n),
    'combining marks': (n) => `e${'\u0301'.repeat(n / 10)}`,
  };
  for (const model of ['gpt2', 'bert-base-uncased', 'llama-2', 't5-base', 'clip']) {
    it(`ten times as long takes ${model} less than thirty times as long`, () => {
      const tokenizer = load(model);
      for (const [name, word] of Object.entries(words)) {
        const [short, long] = [word(1e5), word(1e6)];
        tokenizer.encodeIds(short); // compiled and warm
        const before = secondsOf(() => tokenizer.encodeIds(short));
        const after = secondsOf(() => tokenizer.encodeIds(long));
        // Quadratic work would take a hundred times; what is too quick to be timed is quick enough.
        const allowed = 30 * Math.max(before, 0.05);
        expect({ name, inTime: after < allowed, before, after }).toEqual({ name, inTime: true, before, after });
      }
    });
  }

  it('of ten million characters takes byte-level BPE less than a minute and 1.2 GB', () => {
    const tokenizer = load('gpt2');
    const before = process.memoryUsage().rss;
    expect(secondsOf(() => tokenizer.encodeIds('a'.repeat(1e7)))).toBeLessThan(60);
    expect(process.memoryUsage().rss - before).toBeLessThan(1.2e9);
  });
});

describe.skipIf(tokenizerData === null)('memory', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = async () => {
    // Buffers of dead arrays are given back a little later.
    for (let i = 0; i < 4; i++) {
      collect();
      await setTimeout(20);
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };

  for (const model of ['gpt2', 'bert-base-uncased', 't5-base']) {
    it(`of ${model} stays the same over texts of words never seen before`, async () => {
      const tokenizer = load(model);
      const unspaced = letters(50_000);
      let count = 0;
      const round = () => {
        for (let i = 0; i < 40; i++) {
          const text = unspaced.replace(/.{7}/g, (word) => `${word}${count++} `);
          tokenizer.encodeIds(text);
          tokenizer.encode(text.slice(0, 2000));
        }
      };
      // Until the tables of remembered words have reached their bound: 65,536 words.
      round();
      round();
      const before = await used();
      round();
      round();
      // The texts of the second half are 5 MB. 1 MB is for what the engine itself keeps: compiled code, feedback.
      expect((await used()) - before).toBeLessThan(1e6);
    });
  }
});
