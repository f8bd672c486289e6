// Span corruption: T5's pre-training. Spans are hidden behind sentinels, and written behind the same sentinels.

import { encoderDecoderFields, neededToken } from '../data/special-tokens.ts';
import type { Objective } from './objective.ts';
import { packedReading } from './packed-text.ts';
import { corrupted, restoringColumns, restoringExample, restoringLoss, spanCounts } from './restoring.ts';

/** T5's name of sentinel i. */
const sentinelName = (i: number): string => `<extra_id_${i}>`;

export const spanCorruption: Objective<'span-corruption'> = (given) => {
  const { kind, density, meanSpan, sentinels: sentinelCount } = given.objective;
  const names = Array.from({ length: sentinelCount }, (_, i) => sentinelName(i));
  return packedReading(given, {
    tokens: { roles: ['padding', 'end', 'unknown'], extra: names },
    heads: [/^T5ForConditionalGeneration$/, /ForConditionalGeneration$/],
    pipeline: 'text2text-generation',
    config: (tokenizer) => encoderDecoderFields(tokenizer, kind),
    rows(tokenizer, model, room) {
      const end = neededToken(tokenizer, 'end', kind);
      const padding = neededToken(tokenizer, 'padding', kind);
      const start = (model.json.decoder_start_token_id as number | undefined) ?? padding;
      const sentinels = names.flatMap((name) => tokenizer.tokenToId(name) ?? []);
      const width = Math.min(model.context, room);
      const counts = spanCounts(width, density, meanSpan, sentinels.length);
      return {
        width,
        columns: restoringColumns(padding),
        row: (tokens, key) => {
          const { source, target } = corrupted(tokens, counts, sentinels, end, key);
          return restoringExample(source, target, { sourceLength: source.length, start, padding });
        },
      };
    },
    loss: restoringLoss,
    metrics: ['perplexity'],
    measure: () => ({ metrics: (loss) => ({ perplexity: Math.exp(loss) }) }),
  });
};
