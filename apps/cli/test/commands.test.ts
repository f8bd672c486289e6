// The commands beside training: what they print for people and for programs, and what they say of bad input.

import { cp, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TinyFolder, text, tinyFolder } from './tiny.ts';
import { documentOf, type Finished, start, yumo } from './yumo.ts';

let folder: TinyFolder;
const run = (words: readonly string[], input?: string) =>
  yumo(words, { cwd: folder.path, ...(input === undefined ? {} : { input }) });
/** The sentence of an error stands last; before it may stand which engine was taken, and why. */
const failed = ({ exit, stderr }: Finished) => ({ exit, message: stderr.trim().split('\n').at(-1) });

beforeAll(async () => {
  folder = await tinyFolder();
  const trained = await run(['train', 'recipe.json', '--out', 'models/tiny', '--steps', '12']);
  expect(trained.exit).toBe(0);
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('yumo generate', () => {
  test('reads the prompt from stdin, and the same seed gives the same text', async () => {
    const words = ['generate', 'models/tiny', '-n', '8', '--temperature', '1', '--seed', '7'];
    const first = await run(words, 'The king');
    expect(first.exit).toBe(0);
    expect(first.stdout).toMatch(/^The king/);
    expect((await run(words, 'The king')).stdout).toBe(first.stdout);
    expect((await run([...words.slice(0, -1), '8'], 'The king')).stdout).not.toBe(first.stdout);
  });

  test('--json --stream prints an event a line; their texts are the text of the last', async () => {
    const { stdout } = await run(['generate', 'models/tiny', 'A queen', '-n', '6', '--json', '--stream']);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; text?: string });
    expect(events.map((e) => e.kind)).toEqual(['start', ...Array.from({ length: 6 }, () => 'token'), 'done']);
    expect(
      events
        .slice(1, -1)
        .map((e) => e.text)
        .join(''),
    ).toBe(events.at(-1)!.text);
  });

  test('the text is what a pattern, a grammar or a schema allows, or the command says why it cannot be', async () => {
    const words = ['generate', 'models/tiny', 'The king', '-n', '20', '--temperature', '1', '--seed', '3', '--json'];
    const textOf = async (more: readonly string[]): Promise<string> =>
      (documentOf(await run([...words, ...more])) as { text: string }).text;
    expect(await textOf(['--regex', ' (said|went): [0-9]{2}'])).toMatch(/^ (said|went): [0-9]{2}$/);
    await writeFile(folder.at('lines.gbnf'), 'root ::= (" " word)+ "."\nword ::= "fool" | "queen"\n');
    expect(await textOf(['--grammar', 'lines.gbnf'])).toMatch(/^( (fool|queen))+\.$/);
    await writeFile(folder.at('schema.json'), JSON.stringify({ type: 'integer', minimum: 10, maximum: 19 }));
    expect(JSON.parse(await textOf(['--json-schema', 'schema.json']))).toBeGreaterThanOrEqual(10);
    await writeFile(folder.at('object.json'), JSON.stringify({ type: 'object' }));
    const refused = await run(['generate', 'models/tiny', 'The', '--json-schema', 'object.json']);
    expect([refused.exit, refused.stderr]).toEqual([
      3,
      expect.stringContaining('with the characters that the vocabulary has'),
    ]);
    expect((await run(['generate', 'models/tiny', 'The', '--json-schema', 'text.txt'])).stderr).toContain('not JSON');
  });

  test('says what the model reads when the tokenizer drops part of the prompt', async () => {
    const { stderr, exit } = await run(['generate', 'models/tiny', 'Thé king', '-n', '2']);
    expect(stderr).toContain('the model reads "Th king"');
    expect(exit).toBe(0);
  });

  test('bad input is named, with its exit code', async () => {
    await cp(folder.at('models/tiny'), folder.at('damaged'), { recursive: true });
    await truncate(folder.at('damaged/model.safetensors'), 3000);
    await cp(folder.at('models/tiny'), folder.at('mixed'), { recursive: true });
    await run(['tokenizer', 'train', 'text.txt', '--vocabulary-size', '300', '-o', 'mixed']);
    await cp(folder.at('models/tiny'), folder.at('unknown'), { recursive: true });
    await writeFile(folder.at('unknown/config.json'), JSON.stringify({ model_type: 'gtp2' }));

    expect(failed(await run(['generate', 'models/tiny', text.slice(0, 100)]))).toEqual({
      exit: 8,
      message: "yumo: models/tiny: the prompt has 100 tokens, the model's context holds 32; shorten it",
    });
    expect(failed(await run(['generate', 'damaged', 'The']))).toEqual({
      exit: 6,
      message: expect.stringMatching(
        /damaged\/model.safetensors: the tensors need \d+ bytes, the file has 3000; it is truncated/,
      ),
    });
    expect(failed(await run(['generate', 'mixed', 'The']))).toEqual({
      exit: 7,
      message: expect.stringMatching(
        /tokenizer.json has 300 tokens, the model knows \d+; they belong to different models/,
      ),
    });
    expect(failed(await run(['generate', 'unknown', 'The']))).toEqual({
      exit: 3,
      message: expect.stringMatching(/model_type "gtp2" is not supported; did you mean "gpt2"\?/),
    });
    expect(failed(await run(['generate', 'nowhere', 'The']))).toEqual({
      exit: 4,
      message: 'yumo: nowhere: no config.json; is this the folder of a model?',
    });
  });
});

describe('yumo evaluate', () => {
  test('gives the validation loss of the training for the validation part, whatever the format of the file', async () => {
    const characters = [...text];
    const part = characters.slice(Math.floor(characters.length * 0.9)).join('');
    await writeFile(folder.at('part.txt'), part);
    await writeFile(folder.at('part.txt.gz'), gzipSync(part));
    await writeFile(folder.at('part.jsonl'), `${JSON.stringify({ body: part })}\n`);
    const events = (await readFile(folder.at('models/tiny/training/events.jsonl'), 'utf8')).trim().split('\n');
    const trained = events
      .map((line) => JSON.parse(line) as { kind: string; best?: boolean; loss: number })
      .findLast((e) => e.kind === 'evaluation' && e.best)!;
    for (const words of [['part.txt'], ['part.txt.gz'], ['part.jsonl', '--field', 'body']]) {
      const result = documentOf(await run(['evaluate', 'models/tiny', ...words, '--json'])) as Record<string, number>;
      expect(result.lossPerToken).toBeCloseTo(trained.loss, 5);
      expect(result.lossPerCharacter).toBeCloseTo(trained.loss, 5); // a token a character
      expect(result.bitsPerByte).toBeCloseTo(trained.loss / Math.LN2, 5); // and a byte
      expect(result.perplexity).toBeCloseTo(Math.exp(trained.loss), 3);
      expect(result).toMatchObject({ lossless: true, tokens: part.length - 1, characters: part.length - 1 });
    }
  });

  test('saves the probability of every token; they add up to the loss; the worst are shown', async () => {
    const printed = await run(['evaluate', 'models/tiny', 'text.txt', '--predictions', 'out/p.jsonl', '--worst', '2']);
    expect(printed.stdout).toMatch(/^loss a character +\d\.\d{4}$/m);
    const rows = (await readFile(folder.at('out/p.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { token: string; logProbability: number });
    expect(rows.map((r) => r.token).join('')).toBe(text.slice(1));
    const loss = -rows.reduce((sum, r) => sum + r.logProbability, 0) / rows.length;
    expect(printed.stdout).toContain(`loss a token      ${loss.toFixed(4)}`);
    const least = Math.min(...rows.map((r) => r.logProbability));
    expect(printed.stdout).toContain(least.toFixed(2));
  });

  test('a file and a task that are not the model’s are answered with what it can do', async () => {
    await writeFile(folder.at('dev.tsv'), 'a sentence\t1\nanother one\t0\nand a third\t1\n');
    expect(failed(await run(['evaluate', 'models/tiny', 'dev.tsv', '--task', 'translation']))).toMatchObject({
      exit: 3,
      message: expect.stringContaining('it continues texts (text-generation) and cannot be evaluated for translation'),
    });
    expect(failed(await run(['evaluate', 'models/tiny', 'dev.tsv', '--task', 'translatoin']))).toMatchObject({
      exit: 2,
    });
  });

  test('--json holds every score with its interval, and what was understood', async () => {
    await writeFile(
      folder.at('poems.json'),
      JSON.stringify([{ paragraphs: ['The king', 'went.'] }, { paragraphs: ['A queen said'] }]),
    );
    const result = documentOf(await run(['evaluate', 'models/tiny', 'poems.json', '--json'])) as {
      metrics: Record<string, number>;
      intervals: Record<string, [number, number]>;
    };
    expect(result).toMatchObject({
      task: 'text-generation',
      rows: 2,
      complete: true,
      remarks: ['poems.json: text paragraphs'],
    });
    const [low, high] = result.intervals['loss a token']!;
    expect(result.metrics['loss a token']).toBeGreaterThanOrEqual(low);
    expect(result.metrics['loss a token']).toBeLessThanOrEqual(high);
  });

  test('files that are missing, empty or without the field are named', async () => {
    await writeFile(folder.at('empty.txt'), ' \n');
    await writeFile(folder.at('rows.jsonl'), '{"txet": "a"}\n');
    expect(failed(await run(['evaluate', 'models/tiny', 'none.txt']))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('"none.txt" matches no file'),
    });
    await writeFile(folder.at('short.txt'), 'a');
    expect(failed(await run(['evaluate', 'models/tiny', 'short.txt']))).toMatchObject({
      exit: 5,
      message: expect.stringMatching(/short\.txt.*: the 1 texts have no two tokens in a row/),
    });
    expect(failed(await run(['evaluate', 'models/tiny', 'empty.txt']))).toMatchObject({
      exit: 5,
      message: expect.stringContaining('empty.txt: no rows as text'),
    });
    expect(failed(await run(['evaluate', 'models/tiny', 'rows.jsonl', '--text', 'text']))).toMatchObject({
      exit: 5,
      message: expect.stringContaining('rows.jsonl: no column "text"; did you mean "txet"?'),
    });
  });
});

describe('yumo tokenizer', () => {
  test('trains, encodes with the places in the text, and decodes back', async () => {
    const trained = documentOf(
      await run([
        'tokenizer',
        'train',
        'text.txt',
        '--vocabulary-size',
        '300',
        '--special',
        '<end>',
        '-o',
        'bpe',
        '--json',
      ]),
    );
    expect(trained).toEqual({
      path: 'bpe/tokenizer.json',
      kind: 'byte-level-bpe',
      vocabularySize: 300,
      characters: text.length,
    });
    const sentence = 'The king said: 你好';
    const encoded = documentOf(await run(['tokenizer', 'encode', 'bpe', sentence, '--json'])) as {
      ids: number[];
      offsets: [number, number][];
    };
    expect(encoded.ids.length).toBeLessThan(sentence.length);
    expect(encoded.offsets[0]![0]).toBe(0);
    const decoded = documentOf(await run(['tokenizer', 'decode', 'bpe', ...encoded.ids.map(String), '--json']));
    expect(decoded).toEqual({ ids: encoded.ids, text: sentence });
  });

  test('every kind of tokenizer can be trained', async () => {
    for (const kind of ['bpe', 'word-piece', 'unigram', 'word-level', 'characters']) {
      const result = await run([
        'tokenizer',
        'train',
        'text.txt',
        '--kind',
        kind,
        '--vocabulary-size',
        '120',
        '-o',
        `kinds/${kind}`,
        '--json',
      ]);
      expect(result.exit, result.stderr).toBe(0);
      expect((documentOf(result) as { vocabularySize: number }).vocabularySize).toBeLessThanOrEqual(120);
    }
  });

  test('a damaged tokenizer.json is named with its place', async () => {
    await writeFile(folder.at('broken.json'), '{"model": {"type": "BPE"}}');
    expect(failed(await run(['tokenizer', 'encode', 'broken.json', 'a']))).toMatchObject({
      exit: 7,
      message: expect.stringContaining('broken.json'),
    });
  });
});

describe('yumo export', () => {
  test('writes both files, says how far they are from the model, and leaves nothing of a model that it cannot read', async () => {
    const result = documentOf(await run(['export', 'models/tiny', '-o', 'exported', '--json'])) as {
      files: { path: string; bytes: number; difference: { largest: number; sameChoice: number } }[];
    };
    expect(result.files.map((f) => f.path)).toEqual(['onnx/model.onnx', 'onnx/model_quantized.onnx']);
    expect(result.files[0]!.difference.largest).toBeLessThan(1e-4);
    for (const { path, bytes } of result.files) expect((await stat(folder.at('exported', path))).size).toBe(bytes);

    const split = await run([
      'export',
      'models/tiny',
      '-o',
      'split',
      '--form',
      'float32',
      '--external-data-at',
      '4096',
    ]);
    expect(split.stdout).toContain('onnx/model.onnx_data: keep both files together');
    expect((await stat(folder.at('split/onnx/model.onnx_data'))).size).toBeGreaterThan(4096);

    await cp(folder.at('models/tiny'), folder.at('cut'), { recursive: true });
    await truncate(folder.at('cut/model.safetensors'), 5000);
    expect(failed(await run(['export', 'cut']))).toMatchObject({
      exit: 6,
      message: expect.stringContaining('truncated'),
    });
    await expect(stat(folder.at('cut/onnx'))).rejects.toThrow('ENOENT');
  });
});

describe('yumo export --evaluate', () => {
  test('says what each form scores on the rows of a file; one that is not there is told before the work', async () => {
    const measured = documentOf(
      await run(['export', 'models/tiny', '-o', 'measured', '--evaluate', 'text.txt', '--json']),
    ) as { evaluations: { form: string; metrics: { perplexity: number } }[] };
    expect(measured.evaluations.map((e) => e.form)).toEqual(['float32', 'int8', 'int4']);
    const whole = documentOf(await run(['evaluate', 'models/tiny', 'text.txt', '--json'])) as { perplexity: number };
    const [float32, int8, int4] = measured.evaluations.map((e) => e.metrics.perplexity);
    expect(float32! / whole.perplexity).toBeCloseTo(1, 5);
    expect(int8).not.toBe(float32);
    expect(Math.abs(int4! / float32! - 1)).toBeLessThan(0.2);
    expect(int4).not.toBe(int8);
    expect(failed(await run(['export', 'models/tiny', '-o', 'unread', '--evaluate', 'none.txt']))).toMatchObject({
      message: expect.stringContaining('none.txt'),
    });
    await expect(stat(folder.at('unread'))).rejects.toThrow('ENOENT');
  });
});

describe('yumo inspect', () => {
  test('counts parameters and operations; a file that does not fit is told, with exit code 6', async () => {
    const shown = documentOf(await run(['inspect', 'models/tiny', '--graph', '--json'])) as {
      parameters: number;
      vocabularySize: number;
      weights: { fits: boolean };
      tensors: { shape: number[] }[];
      graph: string[];
    };
    // GPT-2 of one layer, width 32: 12 · 32² + 13 · 32 in the layer, two embeddings, the last norm.
    expect(shown.parameters).toBe(12 * 32 ** 2 + 13 * 32 + (shown.vocabularySize + 32) * 32 + 2 * 32);
    expect(shown.weights.fits).toBe(true);
    expect(shown.graph.some((line) => line.startsWith('output present.0.value = '))).toBe(true);

    // The widest moment is in the feed-forward layer: 128 numbers a token before the activation and after it; twice the tokens, twice the bytes.
    const peakOf = async (tokens: number): Promise<number> => {
      const told = documentOf(await run(['inspect', 'models/tiny', '--sequence', `${tokens}`, '--json']));
      return (told as { peakActivationBytes: number }).peakActivationBytes;
    };
    const [short, long] = [await peakOf(8), await peakOf(16)];
    expect(short).toBeGreaterThanOrEqual(8 * 2 * 128 * 4);
    expect(short).toBeLessThan(8 * 8 * 128 * 4);
    expect(long / short).toBeGreaterThan(1.9);

    await cp(folder.at('models/tiny'), folder.at('other'), { recursive: true });
    const config = JSON.parse(await readFile(folder.at('other/config.json'), 'utf8')) as Record<string, unknown>;
    await writeFile(folder.at('other/config.json'), JSON.stringify({ ...config, n_layer: 2 }));
    const misfit = await run(['inspect', 'other']);
    expect(misfit.exit).toBe(6);
    expect(misfit.stdout).toMatch(/do not fit the model; missing: transformer\.h\.1\./);
  });
});

describe('yumo doctor', () => {
  test('finds the processor right, and says of what is missing how it is had', async () => {
    const asked = ['cuda', 'tfjs-node-gpu', 'cpu', 'wasm', 'dml', 'coreml'];
    const { stdout } = await run(['doctor', '--runs', '1', '--json', '--device', ...asked]);
    const { devices } = JSON.parse(stdout) as {
      devices: { device: string; status: string; checks: { check: string; ok: boolean }[]; advice?: string }[];
    };
    expect(devices.map((d) => d.device)).toEqual(asked);
    expect(devices.find((d) => d.device === 'cpu')).toMatchObject({
      status: 'right',
      checks: [
        { check: 'matmul', ok: true },
        { check: 'attention', ok: true },
        { check: 'training step', ok: true },
      ],
    });
    for (const d of devices.filter((e) => e.status === 'missing')) expect(d.advice).toBeTruthy();
    expect(devices.filter((d) => d.status === 'missing').length).toBeGreaterThan(0); // dml and coreml exclude each other
  });

  test('asked for one that is not here it ends with 10', async () => {
    const absent = process.platform === 'win32' ? 'coreml' : 'dml';
    expect(await run(['doctor', '--device', absent])).toMatchObject({
      exit: 10,
      stdout: expect.stringContaining(`${absent}: not here`),
    });
  });
});

describe('yumo recipe', () => {
  test('init writes a complete recipe that trains, and overwrites nothing unasked', async () => {
    const made = await run(['recipe', 'init', 'recipe.json', '--name', 'mine', '--steps', '3', '--out', 'mine.json']);
    expect(made.exit).toBe(0);
    const written = JSON.parse(await readFile(folder.at('mine.json'), 'utf8')) as Record<string, unknown>;
    expect(written).toMatchObject({ name: 'mine', steps: 3, clip: 1, schedule: { kind: 'constant', warmupSteps: 0 } });
    expect((await run(['train', 'mine.json'])).exit).toBe(0);
    expect(failed(await run(['recipe', 'init', 'recipe.json', '--out', 'mine.json']))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('--force'),
    });
    expect(JSON.parse(await readFile(folder.at('mine.json'), 'utf8'))).toEqual(written);
  });

  test('list names recipes, and says of a broken one what is wrong', async () => {
    await writeFile(folder.at('mixed-up.json'), '{"name": "x"}');
    const { recipes } = documentOf(await run(['recipe', 'list', '.', '--json'])) as {
      recipes: { path: string; problem?: string; recipe?: { name: string } }[];
    };
    expect(recipes.find((r) => r.path === 'recipe.json')?.recipe?.name).toBe('tiny');
    expect(recipes.find((r) => r.path === 'mixed-up.json')?.problem).toContain('"steps" is missing');
  });

  test('a template’s name is answered with the nearest', async () => {
    expect(failed(await run(['recipe', 'init', 'shakespeare-chr']))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('did you mean "shakespeare-char"?'),
    });
  });
});

describe('yumo serve', () => {
  test('prints its address, answers OpenAI’s completions with the text that generate gives, and ends by Ctrl-C with 0', async () => {
    const server = start(['serve', 'models', '--port', '0', '--json'], { cwd: folder.path });
    await server.printed('stdout', /\n/);
    const address = addressOf(server.output());
    const response = await fetch(`${address}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'tiny', prompt: 'The king', max_tokens: 10, temperature: 0 }),
    });
    const { choices } = (await response.json()) as { choices: { text: string }[] };
    const generated = documentOf(await run(['generate', 'models/tiny', 'The king', '-n', '10', '--json'])) as {
      text: string;
    };
    expect(choices[0]!.text).toBe(generated.text);
    server.child.kill('SIGINT');
    const { exit, stdout } = await server.finished;
    expect(exit).toBe(0);
    expect(addressOf(stdout)).toBe(address); // still the one document
  });

  test('a folder without models, and a port that is taken, are named', async () => {
    expect(failed(await run(['serve', 'none', '--port', '0']))).toMatchObject({
      exit: 4,
      message: expect.stringContaining('no model here'),
    });
    const server = start(['serve', 'models', '--port', '0', '--json'], { cwd: folder.path });
    await server.printed('stdout', /\n/);
    const port = new URL(addressOf(server.output())).port;
    expect(failed(await run(['serve', 'models', '--port', port]))).toMatchObject({
      exit: 9,
      message: expect.stringContaining(`--port ${port}: taken`),
    });
    server.child.kill('SIGTERM');
    expect((await server.finished).exit).toBe(0);
  });
});

const addressOf = (stdout: string): string => (JSON.parse(stdout) as { address: string }).address;
