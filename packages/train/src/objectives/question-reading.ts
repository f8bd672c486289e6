// What the objectives share that read answers out of a text (Devlin et al. 2019, §4.2): windows, where the answer begins and ends, and how well it is found.

import {
  add,
  cast,
  crossEntropySum,
  div,
  integer,
  less,
  maximum,
  mul,
  not,
  softplus,
  sub,
  sum,
  type Tensor,
} from '@yumo/core';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns } from '../data/examples.ts';
import type { Parts } from '../data/kept.ts';
import type { QuestionRow } from '../data/readers/rows.ts';
import { encoderFields } from '../data/special-tokens.ts';
import { cmrc } from '../metrics/chinese-answers.ts';
import { measure } from '../metrics/metric.ts';
import { squad, squad2 } from '../metrics/question-answering.ts';
import type { ObjectiveKind, ObjectiveRecipe } from '../recipe.ts';
import { exampleData } from './example-data.ts';
import type { AnyGiven, Reading } from './objective.ts';
import { textColumns, textInputs } from './text-inputs.ts';
import { textsOf } from './text-task.ts';

/** How the rows of an objective that answers are learnt and measured. */
type Settings = Pick<
  Extract<ObjectiveRecipe, { kind: 'question-answering' }>,
  'stride' | 'maxQuestionTokens' | 'maxAnswerTokens' | 'metric' | 'evidence'
>;

/** What an objective that answers hands over. */
interface QuestionsGiven extends Omit<AnyGiven, 'objective' | 'data'> {
  readonly objective: Settings & { readonly kind: ObjectiveKind };
}

/** The most probable answer of a window: logits of its tokens by index. */
interface Found {
  readonly score: number;
  readonly start: number;
  readonly end: number;
}

/** The best span of a window's context. `from` is the window's place in the logits. @param offsets −1 for tokens outside of the context */
function bestSpan(offsets: Int32Array, starts: Float32Array, ends: Float32Array, from: number, longest: number): Found {
  let best: Found = { score: Number.NEGATIVE_INFINITY, start: 0, end: 0 };
  const length = offsets.length / 2;
  for (let i = 0; i < length; i++) {
    if (offsets[2 * i]! < 0) continue;
    for (let j = i; j < Math.min(length, i + longest) && offsets[2 * j]! >= 0; j++) {
      const score = starts[from + i]! + ends[from + j]!;
      if (score > best.score) best = { score, start: offsets[2 * i]!, end: offsets[2 * j + 1]! };
    }
  }
  return best;
}

const nothing: Found = { score: Number.NEGATIVE_INFINITY, start: 0, end: 0 };

/** Contexts and questions, without those that have just been. */
function withoutRepeats(): (row: QuestionRow) => string[] {
  let last = '';
  return ({ context, question }) => {
    const again = context === last;
    last = context;
    return again ? [question] : [context, question];
  };
}

/** Logits of padding far below all others, so that padding changes no probability. */
const overPadding = (logits: Tensor, mask: Tensor | undefined): Tensor =>
  mask ? sub(logits, mul(sub(1, cast(mask, 'float32')), 1e4)) : logits;

/** Σ over the rows of the mean binary cross-entropy of their tokens that count. Logits and labels `[rows, sequence]`. */
function evidenceSum(logits: Tensor, labels: Tensor): Tensor {
  const counts = cast(not(less(labels, integer(0))), 'float32');
  const losses = sub(softplus(logits), mul(logits, cast(maximum(labels, integer(0)), 'float32')));
  return sum(div(sum(mul(losses, counts), [1]), maximum(sum(counts, [1]), 1)));
}

/** Questions as batches of windows, the loss of both ends of the answer, and the measures of what is found. */
export function questionReading(
  { recipe, objective, note, progress }: QuestionsGiven,
  parts: Parts<QuestionRow>,
): Reading {
  const evidence = objective.evidence > 0;
  return {
    tokens: { roles: ['padding', 'start', 'end', 'unknown'] },
    // A context comes with several questions in a row.
    texts: () => textsOf(parts.training, withoutRepeats()),
    validationTexts: () => textsOf(parts.validation, withoutRepeats()),
    heads: [/ForQuestionAnswering$/],
    pipeline: 'question-answering',
    config: (tokenizer) => encoderFields(tokenizer, objective.kind),
    async task(tokenizer, model) {
      const columns: Columns = {
        ...textColumns(tokenizer, model),
        start_positions: { padding: ignoredLabel, scalar: true },
        end_positions: { padding: ignoredLabel, scalar: true },
        ...(evidence ? { evidence: { axis: 'sequence', padding: ignoredLabel } } : {}),
      };
      const room = Math.max(8, Math.min(objective.maxQuestionTokens, model.context >> 1));
      const stride = Math.min(objective.stride, (model.context - room) >> 1);
      const data = await exampleData<QuestionRow>(recipe, {
        parts,
        tokenizer,
        setup: { kind: 'questions', settings: { columns, length: model.context, room, stride, evidence } },
        note,
        progress,
      });
      const questions = parts.training.length;
      if (data.training.length > questions) note(`windows of ${questions} questions`, data.training.length);
      const metric = { squad, squad2, cmrc }[objective.metric];
      return {
        facts: data.facts,
        order: data.order,
        close: data.close,
        loss: (scope, inputs, dropout) => {
          const out = model.head.build(scope, textInputs(inputs), model.config, { dropout });
          const [starts, ends] = [out.start_logits!, out.end_logits!].map((z) =>
            overPadding(z, inputs.attention_mask),
          ) as [Tensor, Tensor];
          const first = crossEntropySum(starts, inputs.start_positions!);
          const last = crossEntropySum(ends, inputs.end_positions!);
          const found = mul(add(first.sum, last.sum), 0.5);
          // The evidence is for training, where there is dropout; measured is the plain loss.
          const place =
            dropout && inputs.evidence
              ? mul(evidenceSum(mul(add(out.start_logits!, out.end_logits!), 0.5), inputs.evidence), objective.evidence)
              : undefined;
          return {
            sum: place ? add(found, place) : found,
            count: first.count,
            outputs: { start_logits: starts, end_logits: ends },
          };
        },
        metrics: ['exactMatch', 'f1'],
        evaluation: () => {
          const best: Found[] = [];
          const none: number[] = [];
          return {
            batches: data.validationBatches(),
            add({ given: windows }, { start_logits, end_logits }) {
              const [starts, ends] = [start_logits!.data, end_logits!.data] as [Float32Array, Float32Array];
              const width = start_logits!.shape[1]!;
              windows!.forEach(({ row: [row] = Int32Array.of(), offsets }, r) => {
                const found = bestSpan(offsets as Int32Array, starts, ends, r * width, objective.maxAnswerTokens);
                if (found.score > (best[row!]?.score ?? Number.NEGATIVE_INFINITY)) best[row!] = found;
                none[row!] = Math.min(none[row!] ?? Number.POSITIVE_INFINITY, starts[r * width]! + ends[r * width]!);
              });
            },
            async metrics() {
              const mayRefuse = objective.metric === 'squad2';
              const rows: { answers: string[]; predicted: string }[] = [];
              for await (const group of parts.validation.groups())
                for (const { answers, context } of group) {
                  const { start, end, score } = best[rows.length] ?? nothing;
                  const refused = mayRefuse && none[rows.length]! > score;
                  rows.push({
                    answers: answers.map((a) => a.text),
                    predicted: refused ? '' : context.slice(start, end),
                  });
                }
              // All three have these two.
              const { exactMatch, f1 } = measure(metric as typeof squad, rows);
              return { exactMatch, f1 };
            },
          };
        },
      };
    },
  };
}
