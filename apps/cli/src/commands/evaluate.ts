// `yumo evaluate <bundle> <files...>`: how well a language model predicts texts.

import { relative } from 'node:path';
import { openBundle } from '@yumo/core';
import { writeFileAtomic } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import { evaluateLanguageModel, type TokenPrediction } from '@yumo/train';
import { readTextFiles } from '@yumo/train/node';
import { type DeviceOptions, deviceOption, integerFrom, threadsOption } from '../options.ts';
import { engineOf, modelOf, progressOf, type Register } from '../session.ts';
import { duration, significant, whole } from '../ui/format.ts';
import { pairs, table } from '../ui/table.ts';

interface Options extends DeviceOptions {
  readonly field: string;
  readonly stride?: number;
  readonly predictions?: string;
  readonly worst: number;
}

/** The tokens that the model found least likely, worst first; at most `most`. */
class Worst {
  readonly kept: TokenPrediction[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(prediction: TokenPrediction): void {
    const last = this.kept.at(-1);
    if (this.kept.length >= this.#most && (!last || prediction.logProbability >= last.logProbability)) return;
    this.kept.push(prediction);
    this.kept.sort((a, b) => a.logProbability - b.logProbability);
    if (this.kept.length > this.#most) this.kept.pop();
  }
}

export const evaluate: Register = (program, session) => {
  const { output, phrases, interruption } = session;
  const p = phrases.evaluate;
  program
    .command('evaluate')
    .summary(p.summary)
    .description(p.description)
    .argument('<bundle>', phrases.bundle)
    .argument('<files...>', phrases.tokenizer.files)
    .option('--field <name>', phrases.tokenizer.field, 'text')
    .option('--stride <tokens>', p.stride, integerFrom(phrases, 1))
    .option('--predictions <file>', p.predictions)
    .option('--worst <n>', p.worst, integerFrom(phrases, 0), 5)
    .addOption(deviceOption(phrases))
    .addOption(threadsOption(phrases))
    .action(async (folder: string, files: string[], options: Options) => {
      const { device, threads, field, stride } = options;
      const { signal } = interruption;
      const bundle = await openBundle(modelOf(session, folder));
      const tokenizer = Tokenizer.fromJson(await bundle.tokenizerJson(), { file: `${folder}/tokenizer.json` });
      const read = await readTextFiles({ files, field }, [process.cwd()], { who: 'evaluate', remedy: p.noFile });
      const texts = read.flatMap(({ name, documents }) =>
        documents.map((text, i) => ({
          name: documents.length > 1 ? `${relative('.', name)}:${i + 1}` : relative('.', name),
          text,
        })),
      );
      const runtime = await engineOf(session, { device, ...(threads === undefined ? {} : { threads }) });
      const progress = progressOf(session);
      const worst = new Worst(options.worst);
      const rows: string[] = [];
      const result = await evaluateLanguageModel(
        bundle,
        tokenizer,
        texts.map((t) => t.text),
        runtime,
        {
          ...(stride === undefined ? {} : { stride }),
          signal,
          onToken(prediction) {
            worst.add(prediction);
            if (options.predictions === undefined) return;
            const { text, ...rest } = prediction;
            rows.push(`${JSON.stringify({ text: texts[text]!.name, ...rest, token: tokenizer.idToToken(rest.id) })}\n`);
          },
          onProgress: ({ done, total, loss }) =>
            progress.update({ unit: p.token, done, total, facts: [`${phrases.training.loss} ${loss.toFixed(4)}`] }),
        },
      );
      progress.finish();
      if (!result.lossless) output.note(p.lossy);
      if (options.predictions !== undefined) await writeFileAtomic(options.predictions, rows.join(''));

      const surprises = worst.kept.map(({ text, position, id, logProbability }) => ({
        text: texts[text]!.name,
        position,
        before: tokenizer.decode(tokenizer.encodeIds(texts[text]!.text).subarray(Math.max(0, position - 12), position)),
        token: tokenizer.decode([id]),
        logProbability,
      }));
      output.document({ model: folder, files, device: runtime.name, ...result, worst: surprises });
      output.print(
        pairs([
          [p.texts, p.textsOf(whole(result.texts), whole(result.tokens), whole(result.characters))],
          ...(result.skippedTexts > 0 ? [[p.skipped, whole(result.skippedTexts)] as const] : []),
          [p.perToken, `${result.lossPerToken.toFixed(4)} ${p.nats}`],
          [p.perCharacter, `${result.lossPerCharacter.toFixed(4)} ${p.nats}`],
          [p.perplexity, significant(result.perplexity)],
          [p.bitsPerByte, result.bitsPerByte.toFixed(4)],
          [p.window, p.windowOf(result.contextLength, result.stride)],
          [
            p.time,
            `${duration(result.seconds)}, ${whole(result.tokens / result.seconds)} ${phrases.training.tokensPerSecond}`,
          ],
        ]),
      );
      if (surprises.length > 0)
        output.print(
          `\n${table(surprises, [
            { title: p.columns.place, cell: (s) => `${s.text}, ${s.position}` },
            { title: p.columns.before, cell: (s) => JSON.stringify(s.before) },
            { title: p.columns.token, cell: (s) => JSON.stringify(s.token) },
            { title: 'ln p', cell: (s) => s.logProbability.toFixed(2), align: 'right' },
          ])}`,
        );
      if (options.predictions !== undefined) output.print(phrases.wrote(options.predictions));
    });
};
