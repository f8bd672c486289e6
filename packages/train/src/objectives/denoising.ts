// Denoising: BART's pre-training. Texts change places, spans become one mask each, and the whole is written again.

import { encoderDecoderFields, neededToken } from '../data/special-tokens.ts';
import type { Objective } from './objective.ts';
import { packedReading } from './packed-text.ts';
import { noised, restoringColumns, restoringExample, restoringLoss } from './restoring.ts';

export const denoising: Objective<'denoising'> = (given) => {
  const { kind, share, meanSpan, permute } = given.objective;
  return packedReading(given, {
    tokens: { roles: ['padding', 'start', 'end', 'unknown', 'mask'] },
    heads: [/ForConditionalGeneration$/, /MTModel$/],
    pipeline: 'text2text-generation',
    config: (tokenizer) => encoderDecoderFields(tokenizer, kind),
    rows(tokenizer, model, room) {
      const end = neededToken(tokenizer, 'end', kind);
      const mask = neededToken(tokenizer, 'mask', kind);
      const padding = neededToken(tokenizer, 'padding', kind);
      const start = (model.json.decoder_start_token_id as number | undefined) ?? padding;
      const width = Math.min(model.context - 1, room);
      return {
        width,
        columns: restoringColumns(padding),
        row: (tokens, key) => {
          const source = noised(tokens, { share, meanSpan, permute }, { mask, end }, key);
          const ended = Int32Array.of(...source.subarray(0, width), end);
          return restoringExample(ended, Int32Array.of(...tokens, end), { sourceLength: width + 1, start, padding });
        },
      };
    },
    loss: restoringLoss,
    metrics: ['perplexity'],
    measure: () => ({ metrics: (loss) => ({ perplexity: Math.exp(loss) }) }),
  });
};
