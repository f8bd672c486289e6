// Logits processors against reference scores: the `processors` folder of a set of reference values.

import { readSafetensors } from '../checkpoint/safetensors.ts';
import { type FileSource, readJsonObject } from '../checkpoint/source.ts';
import { idsOf } from '../generate/options.ts';
import {
  badWords,
  encoderNoRepeatNgram,
  encoderRepetitionPenalty,
  epsilonCutoff,
  etaCutoff,
  forceAt,
  lengthDecay,
  minLength,
  minNewTokens,
  minP,
  noRepeatNgram,
  type Processor,
  penaliseChosen,
  repetitionPenalty,
  sequenceBias,
  suppress,
  suppressAt,
  temperature,
  topK,
  topP,
  typicalP,
} from '../generate/processors.ts';
import { toFloat64 } from '../value.ts';
import { type CaseResult, Comparison, eachCase, unsupported } from './case.ts';

type Settings = Readonly<Record<string, unknown>>;

/** What a case has beside its scores, for one row. */
interface Given {
  readonly encoderIds: readonly number[];
  readonly chosen: readonly number[];
}

/** The setting that names a processor → the processor. The rest of the settings are its parameters. */
const builders: Readonly<Record<string, (s: Settings, given: Given) => Processor>> = {
  temperature: (s) => temperature(Number(s.temperature)),
  top_k: (s) => topK(Math.max(Number(s.top_k), keep(s))),
  top_p: (s) => topP(Number(s.top_p), keep(s)),
  typical_p: (s) => typicalP(Number(s.typical_p), keep(s)),
  min_p: (s) => minP(Number(s.min_p)),
  epsilon_cutoff: (s) => epsilonCutoff(Number(s.epsilon_cutoff), keep(s)),
  eta_cutoff: (s) => etaCutoff(Number(s.eta_cutoff), keep(s)),
  repetition_penalty: (s) => repetitionPenalty(Number(s.repetition_penalty)),
  no_repeat_ngram_size: (s) => noRepeatNgram(Number(s.no_repeat_ngram_size)),
  encoder_no_repeat_ngram_size: (s, { encoderIds }) =>
    encoderNoRepeatNgram(Number(s.encoder_no_repeat_ngram_size), encoderIds),
  encoder_repetition_penalty: (s, { encoderIds }) =>
    encoderRepetitionPenalty(Number(s.encoder_repetition_penalty), encoderIds),
  bad_words_ids: (s) => badWords(s.bad_words_ids as number[][], idsOf(s.eos_token_id)),
  sequence_bias: (s) => sequenceBias(s.sequence_bias as { ids: number[]; bias: number }[]),
  min_length: (s) => minLength(Number(s.min_length), idsOf(s.eos_token_id)),
  min_new_tokens: (s) =>
    withPrompt(Number(s.prompt_length), minNewTokens(Number(s.min_new_tokens), idsOf(s.eos_token_id))),
  forced_bos_token_id: (s) => forceAt(1, idsOf(s.forced_bos_token_id)),
  forced_eos_token_id: (s) => forceAt(Number(s.max_length) - 1, idsOf(s.forced_eos_token_id)),
  suppress_tokens: (s) => suppress(idsOf(s.suppress_tokens)),
  begin_suppress_tokens: (s) => suppressAt(Number(s.begin_index), idsOf(s.begin_suppress_tokens)),
  factor: (s) =>
    withPrompt(Number(s.input_ids_seq_length), lengthDecay(Number(s.start), Number(s.factor), idsOf(s.eos_token_id))),
  diversity_penalty:
    (s, { chosen }) =>
    (scores) =>
      penaliseChosen(scores, Number(s.diversity_penalty), chosen),
};

const keep = (s: Settings): number => Number(s.min_tokens_to_keep ?? 1);
const withPrompt =
  (promptLength: number, process: Processor): Processor =>
  (scores, { ids }) =>
    process(scores, { ids, promptLength });

const builderOf = (s: Settings): ((s: Settings, given: Given) => Processor) | undefined =>
  Object.entries(builders).find(([name]) => name in s)?.[1];

interface ProcessorIndex {
  readonly tolerance: { readonly rtol: number; readonly atol: number };
  readonly processors: readonly { readonly name: string; readonly settings: Settings | readonly Settings[] }[];
}

/** Runs every case of `processors/` in the folder. */
export async function runProcessorCases(source: FileSource): Promise<CaseResult[]> {
  const index = (await readJsonObject(source, 'processors/index.json')) as unknown as ProcessorIndex; // the layout of the reference sets
  const file = await readSafetensors(source, 'processors/processors.safetensors');
  return eachCase(
    index.processors,
    ({ name }) => `processors/${name}`,
    async ({ name, settings }, title) => {
      const list = Array.isArray(settings) ? (settings as readonly Settings[]) : [settings as Settings];
      const made = list.map(builderOf);
      if (made.some((b) => b === undefined)) return unsupported(title, `no processor for ${JSON.stringify(settings)}`);
      const matrix = async (part: string): Promise<number[][]> => {
        const v = await file.read(`${name}.${part}`);
        const columns = v.shape.at(-1)!;
        const flat = toFloat64(v);
        return Array.from({ length: flat.length / columns }, (_, r) => [
          ...flat.subarray(r * columns, (r + 1) * columns),
        ]);
      };
      const optional = (part: string): Promise<number[][] | undefined> =>
        file.has(`${name}.${part}`) ? matrix(part) : Promise.resolve(undefined);
      const [ids, before, after] = [await optional('input_ids'), await matrix('before'), await matrix('after')];
      const encoder = await optional('encoder_input_ids');
      const current = (await optional('current_tokens'))?.flat();
      const comparison = new Comparison(title);
      before.forEach((row, r) => {
        const scores = Float32Array.from(row);
        const given: Given = {
          encoderIds: encoder?.[r] ?? [],
          chosen: current ? chosenBefore(list[0]!, current, r, before.length) : [],
        };
        for (const [i, s] of list.entries()) made[i]!(s, given)(scores, { ids: ids?.[r] ?? [], promptLength: 0 });
        const { rtol, atol } = index.tolerance;
        comparison.numbers(`row ${r}`, scores, after[r]!, (b) => rtol * Math.abs(b) + atol);
      });
      return comparison.result();
    },
  );
}

/** The ids that groups before this one chose for the prompt of row r. `current` holds all beams of all prompts. */
function chosenBefore(s: Settings, current: readonly number[], r: number, rows: number): number[] {
  const beams = Number(s.num_beams);
  const size = beams / Number(s.num_beam_groups);
  const prompt = Math.floor(r / (rows / Number(s.batch ?? 1)));
  return current.slice(prompt * beams, prompt * beams + Number(s.beam_group_idx) * size);
}
