// Language models: loss a token, perplexity, bits a byte and character.

import { type Bundle, isYumoError, YumoError } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { evaluateLanguageModel, type LanguageEvaluation, type TokenPrediction } from '../language-evaluation.ts';
import { perplexity } from '../metrics/index.ts';
import type { Placed } from './dataset.ts';
import { type Prediction, plainScore, type Scored, scoreOf, type TaskContext } from './evaluation.ts';

/** The numbers of {@link LanguageEvaluation}. */
export type LanguageModelDetails = LanguageEvaluation;

export interface LanguageModelOptions extends TaskContext {
  readonly tokenizer: (json: string) => Tokenizer;
  readonly file?: string | undefined;
  readonly stride?: number | undefined;
  /** Keep a prediction for every token, not only the worst. */
  readonly everyToken?: boolean | undefined;
}

const worstKept = 100;

/** Measures texts; stopped on the way, the tokens so far. @throws YumoError as {@link evaluateLanguageModel}, with the place of the first text */
export async function measureLanguageModel(
  bundle: Bundle,
  texts: readonly Placed<string>[],
  { runtime, tokenizer: make, file, stride, everyToken, signal, onProgress }: LanguageModelOptions,
): Promise<Scored & { readonly measured: number; readonly languageModel?: LanguageModelDetails }> {
  const tokenizer = make(await bundle.tokenizerJson());
  const costs = texts.map(() => ({ nats: 0, tokens: 0 }));
  let kept: TokenPrediction[] = [];
  const worse = (a: TokenPrediction, b: TokenPrediction): number => a.logProbability - b.logProbability;
  const options = {
    ...(stride === undefined ? {} : { stride }),
    ...(file === undefined ? {} : { file }),
    ...(signal ? { signal } : {}),
    onToken(token: TokenPrediction) {
      const cost = costs[token.text]!;
      cost.nats -= token.logProbability;
      cost.tokens++;
      kept.push(token);
      if (everyToken !== true && kept.length > 20 * worstKept) kept = kept.sort(worse).slice(0, worstKept);
    },
    ...(onProgress ? { onProgress } : {}),
  };
  let details: LanguageEvaluation | undefined;
  try {
    details = await evaluateLanguageModel(
      bundle,
      tokenizer,
      texts.map((t) => t.row),
      runtime,
      options,
    );
  } catch (error) {
    if (isYumoError(error) && error.code === 'DATA')
      throw new YumoError('DATA', `${texts[0]?.place}: ${error.message}`, error.detail, error);
    if (!(isYumoError(error) && error.code === 'ABORTED' && costs.some((c) => c.tokens > 0))) throw error;
  }
  const parts = costs.filter((c) => c.tokens > 0).map(perplexity.part);
  const streams = new Map<number, Int32Array>();
  const before = ({ text, position }: TokenPrediction): string => {
    const ids = streams.get(text) ?? tokenizer.encodeIds(texts[text]!.row, { addSpecialTokens: false });
    streams.set(text, ids);
    return tokenizer.decode(ids.subarray(Math.max(0, position - 12), position));
  };
  if (everyToken !== true) kept = kept.sort(worse).slice(0, worstKept);
  return {
    scores: [
      scoreOf('loss a token', 'nats', perplexity, parts, (r) => r.loss),
      ...(details ? [plainScore('loss a character', 'nats', details.lossPerCharacter)] : []),
      scoreOf('perplexity', 'number', perplexity, parts, (r) => r.perplexity),
      ...(details ? [plainScore('bits a byte', 'number', details.bitsPerByte)] : []),
    ],
    measured: parts.length,
    ...(details ? { languageModel: details } : {}),
    predictions: kept.map(
      (token): Prediction => ({
        place: `${texts[token.text]!.place}, ${token.position}`,
        get input() {
          return before(token); // only of those that are shown
        },
        expected: tokenizer.decode([token.id]),
        predicted: '',
        score: token.logProbability,
        badness: -token.logProbability,
        record: {
          text: texts[token.text]!.place,
          position: token.position,
          id: token.id,
          token: tokenizer.idToToken(token.id),
          logProbability: token.logProbability,
        },
      }),
    ),
  };
}
