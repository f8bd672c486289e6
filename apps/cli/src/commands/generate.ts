// `yumo generate <bundle> [prompt]`: continues a text.

import { readFile } from 'node:fs/promises';
import { type GenerationEvent, type Grammar, TextGenerator, YumoError } from '@yumo/core';
import { Tokenizer } from '@yumo/tokenizer';
import { Option } from 'commander';
import { collect, type DeviceOptions, deviceOption, integerFrom, numberFrom, threadsOption } from '../options.ts';
import { engineOf, modelOf, type Register } from '../session.ts';
import { duration, significant, whole } from '../ui/format.ts';
import { readStandardInput } from '../ui/input.ts';

interface Options extends DeviceOptions {
  readonly maxNewTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typicalP?: number;
  readonly repetitionPenalty?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly blockNgrams?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly jsonSchema?: string;
  readonly regex?: string;
  readonly grammar?: string;
  readonly stream?: true;
}

/** What the text must be, from the option that says so. @throws YumoError `FILE`, `CONFIG`. */
async function grammarOf({ jsonSchema, regex, grammar }: Options): Promise<Grammar | undefined> {
  const read = (file: string): Promise<string> =>
    readFile(file, 'utf8').catch((error: unknown) => {
      throw new YumoError('FILE', `${file}: cannot be read`, { file }, error);
    });
  if (regex !== undefined) return { kind: 'regex', pattern: regex };
  if (grammar !== undefined) return { kind: 'gbnf', text: await read(grammar) };
  if (jsonSchema === undefined) return undefined;
  const text = await read(jsonSchema);
  try {
    return { kind: 'json-schema', schema: JSON.parse(text) };
  } catch (error) {
    throw new YumoError('CONFIG', `${jsonSchema}: not JSON: ${String(error)}`, { file: jsonSchema }, error);
  }
}

export const generate: Register = (program, session) => {
  const { output, phrases, interruption } = session;
  const p = phrases.generate;
  const integer = (least: number) => integerFrom(phrases, least);
  program
    .command('generate')
    .summary(p.summary)
    .description(p.description)
    .argument('<bundle>', phrases.bundle)
    .argument('[prompt]', p.prompt)
    .option('-n, --max-new-tokens <n>', p.maxNewTokens, integer(1))
    .option('-t, --temperature <x>', p.temperature, numberFrom(phrases, 0))
    .option('--top-k <n>', p.topK, integer(0))
    .option('--top-p <x>', p.topP, numberFrom(phrases, 0, 1))
    .option('--min-p <x>', p.minP, numberFrom(phrases, 0, 1))
    .option('--typical-p <x>', p.typicalP, numberFrom(phrases, 0, 1))
    .option('--repetition-penalty <x>', p.repetitionPenalty, numberFrom(phrases, 0))
    .option('--frequency-penalty <x>', p.frequencyPenalty, numberFrom(phrases, -1000, 1000))
    .option('--presence-penalty <x>', p.presencePenalty, numberFrom(phrases, -1000, 1000))
    .option('--block-ngrams <n>', p.noRepeatNgramSize, integer(0))
    .option('--seed <n>', phrases.seed, integer(0))
    .option('--stop <text>', p.stop, collect)
    .addOption(new Option('--json-schema <file>', p.jsonSchema).conflicts(['regex', 'grammar']))
    .addOption(new Option('--regex <pattern>', p.regex).conflicts(['jsonSchema', 'grammar']))
    .addOption(new Option('--grammar <file>', p.grammar))
    .option('--stream', p.stream)
    .addOption(deviceOption(phrases))
    .addOption(threadsOption(phrases))
    .action(async (folder: string, given: string | undefined, options: Options) => {
      const { device, threads, stream, blockNgrams: noRepeatNgramSize, ...others } = options;
      const { jsonSchema: _schema, regex: _regex, ...sampling } = { ...others, grammar: await grammarOf(options) };
      const { signal } = interruption;
      const prompt = given ?? (await readStandardInput());
      const runtime = await engineOf(session, { device, ...(threads === undefined ? {} : { threads }) });
      const generator = await TextGenerator.load(modelOf(session, folder), runtime, {
        tokenizer: (json) => Tokenizer.fromJson(json, { file: `${folder}/tokenizer.json` }),
        signal,
      });
      const read = generator.tokenizer.decode(generator.tokenizer.encodeIds(prompt), { skipSpecialTokens: true });
      if (read !== prompt) output.note(p.lossy(JSON.stringify(read)));
      try {
        const ids: number[] = [];
        const logProbabilities: number[] = [];
        let shown = 0;
        for await (const event of generator.stream(prompt, { ...sampling, noRepeatNgramSize, signal })) {
          if (stream) output.document(event);
          if (event.kind === 'start') output.text(prompt);
          if (event.kind === 'token') {
            ids.push(event.id);
            logProbabilities.push(event.logProbability);
            output.text(event.text);
            shown += event.text.length;
          }
          if (event.kind !== 'done') continue;
          output.text(`${event.text.slice(shown)}\n`); // what was held back until it was sure
          output.note(describe(event));
          const { kind: _kind, ...result } = event;
          if (!stream)
            output.document({ model: folder, device: runtime.name, prompt, ...result, ids, logProbabilities });
        }
      } finally {
        await generator.dispose();
      }
    });

  const describe = (done: GenerationEvent & { kind: 'done' }): string =>
    p.done(
      whole(done.promptTokens),
      whole(done.newTokens),
      p.reasons[done.reason],
      duration(done.secondsToFirstToken),
      significant(done.tokensPerSecond, 3),
    );
};
