// What a training tells while it runs. The command line, the run's log, the web page and tests read the same events.

import type { Metrics, Preparing } from './objectives/objective.ts';

/** Losses are nats per label (a token, a class) unless a name says otherwise. */
export type TrainingEvent =
  | {
      readonly kind: 'start';
      readonly run: string;
      /** What the model is for, by Hugging Face's names: `text-generation`, `fill-mask`, `question-answering` … */
      readonly pipeline: string;
      /** Steps already done: 0, or those of the checkpoint that was resumed. */
      readonly step: number;
      readonly steps: number;
      readonly parameters: number;
      /** Those that are not frozen; absent when none is. */
      readonly trainedParameters?: number;
      readonly vocabularySize: number;
      readonly trainingTokens: number;
      readonly validationTokens: number;
      /** Rows of the data; absent for running text. */
      readonly trainingExamples?: number;
      readonly validationExamples?: number;
      /** Mean over an epoch where rows differ in length. */
      readonly tokensPerStep: number;
      readonly runtime: string;
    }
  /** Before the start, where data are read and encoded for long. Told, but not kept in the run's log. */
  | Preparing
  | {
      readonly kind: 'step';
      /** Steps done. */
      readonly step: number;
      /** Before this step's update. */
      readonly loss: number;
      /** Global norm before clipping. */
      readonly gradientNorm: number;
      readonly learningRate: number;
      readonly seconds: number;
      /** Of these, waiting for the next batch. */
      readonly dataSeconds: number;
      readonly tokensPerSecond: number;
      /** Until the last step, at the speed so far. */
      readonly secondsLeft: number;
    }
  | {
      readonly kind: 'evaluation';
      readonly step: number;
      readonly loss: number;
      /** The objective's measures: lossPerCharacter and perplexity, accuracy, f1, bleu … */
      readonly metrics: Metrics;
      /** No evaluation of this run was better. */
      readonly best: boolean;
      readonly seconds: number;
    }
  | {
      /** Something was left out, put right or started anew: counted, never silent. */
      readonly kind: 'notice';
      readonly text: string;
      readonly count: number;
    }
  | { readonly kind: 'sample'; readonly step: number; readonly prompt: string; readonly text: string }
  | { readonly kind: 'checkpoint'; readonly step: number }
  | {
      readonly kind: 'done';
      readonly step: number;
      /** `aborted`: by the caller; the run can be resumed. `early`: it improved no more, as `stopEarly` says. */
      readonly reason: 'completed' | 'aborted' | 'early';
      readonly bestLoss: number | null;
      readonly bestMetrics: Metrics | null;
      readonly bestStep: number | null;
      /** Computing time of all sessions of the run, evaluations included. */
      readonly seconds: number;
      /** What the recipe expected, and whether it was reached; absent when it expected nothing, or the run was aborted. */
      readonly expectation?: {
        readonly metric: string;
        readonly atMost?: number | undefined;
        readonly atLeast?: number | undefined;
        readonly value: number;
        readonly met: boolean;
      };
    };
