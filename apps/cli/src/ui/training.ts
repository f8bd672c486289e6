// A training as it is told: a bar on stderr, evaluations and samples as lines, events as JSON lines for programs.

import type { Preparing, TrainingEstimate, TrainingEvent } from '@yumo/train';
import { missedExit } from '../exit-codes.ts';
import type { Phrases } from '../phrases/en.ts';
import { progressOf, type Session } from '../session.ts';
import { bytes, count, duration, significant, whole } from './format.ts';
import type { Progress } from './progress.ts';
import { pairs } from './table.ts';

type Done = TrainingEvent & { kind: 'done' };

/** Follows a training to its end, and sets the exit code when the recipe's expectation is missed. */
export async function followTraining(
  events: AsyncIterable<TrainingEvent>,
  folder: string,
  session: Session,
): Promise<void> {
  const { output, phrases } = session;
  const p = phrases.training;
  const progress = progressOf(session);
  let steps = 0;
  let pipeline = '';
  let stepSeconds = 0;
  let dataSeconds = 0;
  try {
    for await (const event of events) {
      output.document(event);
      switch (event.kind) {
        case 'preparing':
          showPreparing(progress, event, phrases);
          break;
        case 'start':
          progress.clear();
          steps = event.steps;
          pipeline = event.pipeline;
          output.print(
            pairs([
              [p.run, `${event.run} → ${folder}`],
              [p.model, p.modelSizes(count(event.parameters), whole(event.vocabularySize))],
              [p.data, p.dataSizes(count(event.trainingTokens), count(event.validationTokens))],
              [p.engine, event.runtime],
              ...(event.step > 0 ? [[p.resumed, p.atStep(event.step)] as const] : []),
            ]),
          );
          break;
        case 'step': {
          stepSeconds += event.seconds;
          dataSeconds += event.dataSeconds;
          const facts = [`${p.loss} ${event.loss.toFixed(4)}`, `${whole(event.tokensPerSecond)} ${p.tokensPerSecond}`];
          progress.update({ unit: p.step, done: event.step, total: steps, secondsLeft: event.secondsLeft, facts });
          break;
        }
        case 'evaluation':
          progress.clear();
          output.print(p.evaluation(event.step, event.loss.toFixed(4), measures(event.metrics, phrases), event.best));
          break;
        case 'sample':
          progress.clear();
          output.print(`${p.sample(event.step)}\n${event.prompt}${event.text}`);
          break;
        case 'notice':
          output.print(p.notice(whole(event.count), event.text));
          break;
        case 'checkpoint':
          break;
        case 'done':
          progress.finish();
          output.print(`${summary(event, pipeline, folder, session)}`);
          if (dataSeconds > 0.02 * stepSeconds)
            output.note(p.waited(significant((100 * dataSeconds) / stepSeconds, 2)));
          if (event.expectation && !event.expectation.met) process.exitCode = missedExit;
      }
    }
  } finally {
    progress.clear();
  }
}

/** How far reading and encoding is. */
export function showPreparing(
  progress: Progress,
  { stage, done, total, secondsLeft }: Preparing,
  phrases: Phrases,
): void {
  const { training: p } = phrases;
  const size = (amount: number): number => (stage === 'reading' ? Math.round(amount / 2 ** 20) : amount);
  progress.update({ unit: p.preparing[stage], done: size(done), total: size(total), secondsLeft });
}

/** What a training will take. */
export function describeEstimate(
  estimated: TrainingEstimate & { readonly runtime: string },
  steps: number,
  { training: p }: Phrases,
): string {
  const { parameters, vocabularySize, parameterBytes, optimizerBytes, activationBytes } = estimated;
  const { tokensPerStep, flopsPerStep, secondsPerStep, seconds, runtime, measured } = estimated;
  const memory = parameterBytes + optimizerBytes + activationBytes;
  return pairs([
    [p.model, p.modelSizes(count(parameters), whole(vocabularySize))],
    [p.engine, runtime],
    [p.memory, p.memoryOf(bytes(memory), bytes(parameterBytes), bytes(optimizerBytes), bytes(activationBytes))],
    [p.aStep, p.stepOf(whole(tokensPerStep), count(flopsPerStep), duration(secondsPerStep))],
    [p.speed, p.speedOf(whole(tokensPerStep / secondsPerStep), significant(flopsPerStep / secondsPerStep / 1e9, 3))],
    [p.inAll, p.stepsIn(steps, duration(seconds)) + (measured === 'products' ? `; ${p.aboutTime}` : '')],
  ]);
}

/** What an evaluation measured besides the loss. */
const measures = (metrics: Readonly<Record<string, number>>, { training: p }: Phrases): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${p.measures[name as keyof typeof p.measures] ?? name} ${significant(value, 4)}`)
    .join(', ');

function summary(done: Done, pipeline: string, folder: string, { phrases }: Session): string {
  const { training: p } = phrases;
  const { step, reason, bestLoss, bestMetrics, bestStep, seconds, expectation } = done;
  const best =
    bestLoss === null || bestStep === null
      ? []
      : [p.best(bestLoss.toFixed(4), measures(bestMetrics ?? {}, phrases), bestStep)];
  const expected = expectation
    ? [
        p.expectation(
          expectation.metric,
          significant(expectation.value),
          [
            ...(expectation.atMost === undefined ? [] : [`≤ ${significant(expectation.atMost)}`]),
            ...(expectation.atLeast === undefined ? [] : [`≥ ${significant(expectation.atLeast)}`]),
          ].join(', '),
          expectation.met,
        ),
      ]
    : [];
  const next =
    reason === 'aborted' ? p.goOn(folder) : pipeline === 'text-generation' ? p.tryIt(folder) : p.measureIt(folder);
  return [p.ended(step, duration(seconds), reason), ...best, ...expected, next].join('\n');
}
