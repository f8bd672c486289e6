// `yumo tokenizer train | encode | decode`.

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isModelId, readText } from '@yumo/core';
import { diskSource, modelSource, writeFileAtomic } from '@yumo/core/node';
import {
  Tokenizer,
  type TrainingProgress,
  trainBpe,
  trainByteLevelBpe,
  trainCharacters,
  trainUnigram,
  trainWordLevel,
  trainWordPiece,
} from '@yumo/tokenizer';
import { readTextFiles } from '@yumo/train/node';
import { type Command, Option } from 'commander';
import { collect, integerFrom } from '../options.ts';
import { progressOf, type Register, type Session } from '../session.ts';
import { significant, whole } from '../ui/format.ts';
import { readStandardInput } from '../ui/input.ts';
import { pairs, table } from '../ui/table.ts';

/** `--kind` → trainer. Each takes the common options. */
const trainers = {
  'byte-level-bpe': trainByteLevelBpe,
  bpe: trainBpe,
  'word-piece': trainWordPiece,
  unigram: trainUnigram,
  'word-level': trainWordLevel,
  characters: trainCharacters,
} as const;
type Kind = keyof typeof trainers;

interface TrainOptions {
  readonly kind: Kind;
  readonly vocabularySize?: number;
  readonly minFrequency?: number;
  readonly special?: readonly string[];
  readonly field: string;
  readonly out: string;
}

export const tokenizer: Register = (program, session) => {
  const p = session.phrases.tokenizer;
  const group = program.command('tokenizer').summary(p.summary).description(p.summary);
  registerTrain(group, session);
  registerEncode(group, session);
  registerDecode(group, session);
};

function registerTrain(group: Command, session: Session): void {
  const { output, phrases, interruption } = session;
  const p = phrases.tokenizer;
  group
    .command('train')
    .summary(p.train)
    .description(p.train)
    .argument('<files...>', p.files)
    .addOption(new Option('--kind <kind>', p.kind).choices(Object.keys(trainers)).default('byte-level-bpe'))
    .option('--vocabulary-size <n>', p.vocabularySize, integerFrom(phrases, 1))
    .option('--min-frequency <n>', p.minFrequency, integerFrom(phrases, 0))
    .option('--special <token>', p.special, collect)
    .option('--field <name>', p.field, 'text')
    .option('-o, --out <folder>', p.out, 'tokenizer')
    .action(async (files: string[], options: TrainOptions) => {
      const { kind, vocabularySize, minFrequency, special, field, out } = options;
      const progress = progressOf(session);
      const asker = { who: 'tokenizer train', remedy: phrases.evaluate.noFile };
      const texts = (await readTextFiles({ files, field }, [process.cwd()], asker)).flatMap((f) => f.documents);
      const characters = texts.reduce((n, text) => n + text.length, 0);
      const trained = await trainers[kind](texts, {
        ...(vocabularySize === undefined ? {} : { vocabularySize }),
        ...(minFrequency === undefined || kind === 'unigram' ? {} : { minFrequency }),
        ...(special === undefined ? {} : { specialTokens: special }),
        signal: interruption.signal,
        onProgress: ({ stage, done, total }: TrainingProgress) =>
          progress.update({ unit: p.stages[stage], done, total }),
      });
      progress.finish();
      const path = join(out, 'tokenizer.json');
      await writeFileAtomic(path, `${JSON.stringify(trained.toJson(), null, 2)}\n`);
      const result = { path, kind, vocabularySize: trained.vocabularySize, characters };
      output.document(result);
      output.print(
        pairs([
          [p.texts, p.characters(whole(characters))],
          [p.vocabulary, whole(trained.vocabularySize)],
        ]),
      );
      output.print(phrases.wrote(path));
    });
}

/** Opens a tokenizer.json, or the one of a folder or of a model of the hub. */
async function openTokenizer(path: string): Promise<Tokenizer> {
  const folder = await stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
  if (!existsSync(path) && isModelId(path) && !path.endsWith('.json'))
    return Tokenizer.fromJson(await readText(modelSource(path), 'tokenizer.json'), { file: `${path}/tokenizer.json` });
  const [where, file] = folder ? [path, 'tokenizer.json'] : [dirname(path), basename(path)];
  return Tokenizer.fromJson(await readText(diskSource(where), file), { file: join(where, file) });
}

function registerEncode(group: Command, { output, phrases }: Session): void {
  const p = phrases.tokenizer;
  group
    .command('encode')
    .summary(p.encode)
    .description(p.encode)
    .argument('<tokenizer>', p.path)
    .argument('[text]', p.text)
    .option('--add-special', p.addSpecial)
    .action(async (path: string, given: string | undefined, options: { addSpecial?: true }) => {
      const opened = await openTokenizer(path);
      const text = given ?? (await readStandardInput());
      const encoding = opened.encode(text, null, { addSpecialTokens: options.addSpecial ?? false });
      const rows = Array.from(encoding.ids, (id, i) => {
        const [start, end] = encoding.tokenToChars(i) ?? [0, 0];
        return { id, token: encoding.tokens[i] ?? '', start, end };
      });
      output.document({
        text,
        ids: rows.map((r) => r.id),
        tokens: rows.map((r) => r.token),
        offsets: rows.map((r) => [r.start, r.end]),
      });
      output.print(
        table(rows, [
          { title: p.columns.id, cell: (r) => String(r.id), align: 'right' },
          { title: p.columns.token, cell: (r) => r.token },
          { title: p.columns.text, cell: (r) => JSON.stringify(text.slice(r.start, r.end)) },
        ]),
      );
      if (rows.length > 0) output.note(`${p.compression} ${significant([...text].length / rows.length, 3)}`);
    });
}

function registerDecode(group: Command, { output, phrases }: Session): void {
  const p = phrases.tokenizer;
  group
    .command('decode')
    .summary(p.decode)
    .description(p.decode)
    .argument('<tokenizer>', p.path)
    .argument('<ids...>', p.ids)
    .action(async (path: string, ids: string[]) => {
      const numbers = ids.flatMap((id) => id.split(/[\s,]+/).filter(Boolean)).map(integerFrom(phrases, 0));
      const text = (await openTokenizer(path)).decode(numbers);
      output.document({ ids: numbers, text });
      output.print(text);
    });
}
