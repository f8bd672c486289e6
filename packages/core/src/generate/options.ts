// The choices of a generation: their names, defaults and bounds, and the processors that they mean.

import { suggestion, YumoError } from '../errors.ts';
import {
  badWords,
  countPenalties,
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
  renormalize,
  repetitionPenalty,
  type SequenceBias,
  sequenceBias,
  suppress,
  suppressAt,
  temperature,
  topK,
  topP,
  typicalP,
} from './processors.ts';

/** What changes the scores, in the order in which it is applied. Everything is off by default. */
export interface ScoreOptions {
  readonly sequenceBias?: readonly SequenceBias[] | undefined;
  /** Added to the score of single ids. */
  readonly logitBias?: Readonly<Record<number, number>> | undefined;
  /** Above 1: ids that the encoder reads (or the prompt has, without an encoder) become likelier. */
  readonly encoderRepetitionPenalty?: number | undefined;
  /** Above 1: ids in the row become less likely. */
  readonly repetitionPenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly noRepeatNgramSize?: number | undefined;
  readonly encoderNoRepeatNgramSize?: number | undefined;
  readonly badWords?: readonly (readonly number[])[] | undefined;
  /** Of the whole row, in tokens. */
  readonly minLength?: number | undefined;
  readonly minNewTokens?: number | undefined;
  /** The first id of a decoder's row, after its start token. */
  readonly forcedBeginToken?: number | undefined;
  /** The id at the last place when the length limit is met. */
  readonly forcedEndTokens?: readonly number[] | undefined;
  /** From `start` generated tokens on, an end token becomes likelier by `factor` each step. */
  readonly lengthDecay?: { readonly start: number; readonly factor: number } | undefined;
  readonly suppressTokens?: readonly number[] | undefined;
  /** Not as the first generated token. */
  readonly beginSuppressTokens?: readonly number[] | undefined;
  /** 0: the likeliest token is taken. 1 by default where tokens are drawn. */
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  readonly minP?: number | undefined;
  readonly typicalP?: number | undefined;
  readonly epsilonCutoff?: number | undefined;
  readonly etaCutoff?: number | undefined;
  /** The processed scores as log-probabilities again: what beams then add up. */
  readonly renormalize?: boolean | undefined;
}

/** What the processors of one generation need to know beside the options. */
export interface ScoreContext {
  readonly endTokens: readonly number[];
  /** Length of the given rows, padding included. */
  readonly promptLength: number;
  readonly maxNewTokens: number;
  /** What the encoder reads; of a model without an encoder the prompt. */
  readonly encoderIds?: readonly number[] | undefined;
}

type Bound = readonly [low: number, high: number, whole?: 'whole'];
const bounds: Readonly<Record<string, Bound>> = {
  encoderRepetitionPenalty: [Number.MIN_VALUE, Number.MAX_VALUE],
  repetitionPenalty: [Number.MIN_VALUE, Number.MAX_VALUE],
  frequencyPenalty: [-Number.MAX_VALUE, Number.MAX_VALUE],
  presencePenalty: [-Number.MAX_VALUE, Number.MAX_VALUE],
  noRepeatNgramSize: [0, Number.MAX_SAFE_INTEGER, 'whole'],
  encoderNoRepeatNgramSize: [0, Number.MAX_SAFE_INTEGER, 'whole'],
  minLength: [0, Number.MAX_SAFE_INTEGER, 'whole'],
  minNewTokens: [0, Number.MAX_SAFE_INTEGER, 'whole'],
  maxNewTokens: [0, Number.MAX_SAFE_INTEGER, 'whole'],
  temperature: [0, Number.MAX_VALUE],
  topK: [0, Number.MAX_SAFE_INTEGER, 'whole'],
  topP: [0, 1],
  minP: [0, 1],
  typicalP: [0, 1],
  epsilonCutoff: [0, 1],
  etaCutoff: [0, 1],
  alternatives: [0, 1024, 'whole'],
  seed: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'whole'],
  beams: [1, 1024, 'whole'],
  beamGroups: [1, 1024, 'whole'],
  returnSequences: [1, 1024, 'whole'],
  lengthPenalty: [-Number.MAX_VALUE, Number.MAX_VALUE],
  diversityPenalty: [0, Number.MAX_VALUE],
};

/** @throws YumoError `CONFIG` naming the option, its value and its bounds. */
export function checkGenerationOptions(options: object): void {
  for (const [name, v] of Object.entries(options)) {
    const bound = bounds[name];
    if (!bound || v === undefined) continue;
    const [low, high, whole] = bound;
    if (typeof v !== 'number' || !(v >= low && v <= high) || (whole && !Number.isInteger(v))) {
      const range =
        high >= Number.MAX_SAFE_INTEGER
          ? low < 0
            ? 'finite'
            : low > 0
              ? 'above 0'
              : '0 or more'
          : `between ${low} and ${high}`;
      throw new YumoError(
        'CONFIG',
        `generation option ${name}: ${JSON.stringify(v) ?? String(v)} is not ${whole ? 'a whole number' : 'a number'}, ${range}`,
        {
          name,
          value: v,
        },
      );
    }
  }
}

/** The processors that the options mean, in the order of Hugging Face's `generate`. Temperature 0 adds nothing: it is a way to choose. */
export function processorsFor(
  o: ScoreOptions,
  { endTokens, promptLength, maxNewTokens, encoderIds = [] }: ScoreContext,
): Processor[] {
  const list: (Processor | false)[] = [
    !!o.sequenceBias?.length && sequenceBias(o.sequenceBias),
    !!o.logitBias && sequenceBias(Object.entries(o.logitBias).map(([id, bias]) => ({ ids: [Number(id)], bias }))),
    isOther(o.encoderRepetitionPenalty, 1) && encoderRepetitionPenalty(o.encoderRepetitionPenalty, encoderIds),
    isOther(o.repetitionPenalty, 1) && repetitionPenalty(o.repetitionPenalty),
    !!(o.frequencyPenalty || o.presencePenalty) && countPenalties(o.frequencyPenalty ?? 0, o.presencePenalty ?? 0),
    isOther(o.noRepeatNgramSize, 0) && noRepeatNgram(o.noRepeatNgramSize),
    isOther(o.encoderNoRepeatNgramSize, 0) && encoderNoRepeatNgram(o.encoderNoRepeatNgramSize, encoderIds),
    !!o.badWords?.length && badWords(o.badWords, endTokens),
    isOther(o.minLength, 0) && minLength(o.minLength, endTokens),
    isOther(o.minNewTokens, 0) && minNewTokens(o.minNewTokens, endTokens),
    o.forcedBeginToken !== undefined && forceAt(1, [o.forcedBeginToken]),
    !!o.forcedEndTokens?.length && forceAt(promptLength + maxNewTokens - 1, o.forcedEndTokens),
    !!o.lengthDecay && lengthDecay(o.lengthDecay.start, o.lengthDecay.factor, endTokens),
    !!o.suppressTokens?.length && suppress(o.suppressTokens),
    !!o.beginSuppressTokens?.length &&
      suppressAt(
        promptLength + (o.forcedBeginToken !== undefined && promptLength === 1 ? 1 : 0),
        o.beginSuppressTokens,
      ),
    isOther(o.temperature, 1) && o.temperature > 0 && temperature(o.temperature),
    isOther(o.topK, 0) && topK(o.topK),
    isOther(o.topP, 1) && topP(o.topP),
    !!o.minP && minP(o.minP),
    isOther(o.typicalP, 1) && typicalP(o.typicalP),
    !!o.epsilonCutoff && epsilonCutoff(o.epsilonCutoff),
    !!o.etaCutoff && etaCutoff(o.etaCutoff),
    !!o.renormalize && renormalize,
  ];
  return list.filter((p) => p !== false);
}

const isOther = (x: number | undefined, neutral: number): x is number => x !== undefined && x !== neutral;

/** Names of generation_config.json (and of older config.json files) → ours. */
const foreign = {
  repetition_penalty: 'repetitionPenalty',
  encoder_repetition_penalty: 'encoderRepetitionPenalty',
  no_repeat_ngram_size: 'noRepeatNgramSize',
  encoder_no_repeat_ngram_size: 'encoderNoRepeatNgramSize',
  bad_words_ids: 'badWords',
  min_length: 'minLength',
  min_new_tokens: 'minNewTokens',
  max_new_tokens: 'maxNewTokens',
  forced_bos_token_id: 'forcedBeginToken',
  suppress_tokens: 'suppressTokens',
  begin_suppress_tokens: 'beginSuppressTokens',
  temperature: 'temperature',
  top_k: 'topK',
  top_p: 'topP',
  min_p: 'minP',
  typical_p: 'typicalP',
  epsilon_cutoff: 'epsilonCutoff',
  eta_cutoff: 'etaCutoff',
  num_beams: 'beams',
  num_beam_groups: 'beamGroups',
  diversity_penalty: 'diversityPenalty',
  length_penalty: 'lengthPenalty',
  early_stopping: 'earlyStopping',
  num_return_sequences: 'returnSequences',
  renormalize_logits: 'renormalize',
} as const;

const drawing: readonly string[] = [
  'temperature',
  'top_k',
  'top_p',
  'min_p',
  'typical_p',
  'epsilon_cutoff',
  'eta_cutoff',
];

/** Every setting that `fromHuggingFace` understands. */
export const foreignSettings: readonly string[] = [
  ...Object.keys(foreign),
  'do_sample',
  'forced_eos_token_id',
  'sequence_bias',
  'exponential_decay_length_penalty',
];

/**
 * Settings under Hugging Face's names as ours. Those that shape drawing count only where `do_sample` is true; else temperature is 0.
 * Names without meaning here are left out.
 */
export function fromHuggingFace(settings: Readonly<Record<string, unknown>>): ScoreOptions & Record<string, unknown> {
  const sampled = settings.do_sample === true;
  const options: Record<string, unknown> = sampled ? {} : { temperature: 0 };
  for (const [theirs, ours] of Object.entries(foreign)) {
    const v = settings[theirs];
    if (v !== undefined && v !== null && (sampled || !drawing.includes(theirs))) options[ours] = v;
  }
  const forcedEnd = settings.forced_eos_token_id;
  if (forcedEnd !== undefined && forcedEnd !== null) options.forcedEndTokens = idsOf(forcedEnd);
  const biases = settings.sequence_bias;
  if (Array.isArray(biases))
    options.sequenceBias = biases.map((b: unknown) =>
      Array.isArray(b) ? { ids: idsOf(b[0]), bias: Number(b[1]) } : b,
    );
  const decay = settings.exponential_decay_length_penalty;
  if (Array.isArray(decay)) options.lengthDecay = { start: Number(decay[0]), factor: Number(decay[1]) };
  checkGenerationOptions(options);
  return options as ScoreOptions & Record<string, unknown>; // every entry of the table above carries its own kind of value
}

/** `5`, `[5, 6]` or nothing, as a list. */
export const idsOf = (x: unknown): number[] =>
  (Array.isArray(x) ? x : [x]).filter((id): id is number => typeof id === 'number');

/** @throws YumoError `CONFIG` for names that are no option, with the nearest one. */
export function checkOptionNames(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new YumoError('CONFIG', `generation option "${name}" does not exist${suggestion(name, known)}`, { name });
}
