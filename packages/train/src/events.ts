// What a training tells while it runs. The command line, the run's log, the web page and tests read the same events.

/** Losses are nats per token unless a name says otherwise. */
export type TrainingEvent =
  | {
      readonly kind: 'start';
      readonly run: string;
      /** Steps already done: 0, or those of the checkpoint that was resumed. */
      readonly step: number;
      readonly steps: number;
      readonly parameters: number;
      readonly vocabularySize: number;
      readonly trainingTokens: number;
      readonly validationTokens: number;
      readonly tokensPerStep: number;
      readonly runtime: string;
    }
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
      readonly tokensPerSecond: number;
      /** Until the last step, at the speed so far. */
      readonly secondsLeft: number;
    }
  | {
      readonly kind: 'evaluation';
      readonly step: number;
      readonly loss: number;
      readonly lossPerCharacter: number;
      readonly perplexity: number;
      /** No evaluation of this run was better. */
      readonly best: boolean;
      readonly seconds: number;
    }
  | { readonly kind: 'sample'; readonly step: number; readonly prompt: string; readonly text: string }
  | { readonly kind: 'checkpoint'; readonly step: number }
  | {
      readonly kind: 'done';
      readonly step: number;
      /** `aborted`: by the caller; the run can be resumed. */
      readonly reason: 'completed' | 'aborted';
      readonly bestLoss: number | null;
      readonly bestLossPerCharacter: number | null;
      readonly bestStep: number | null;
      /** Computing time of all sessions of the run, evaluations included. */
      readonly seconds: number;
      /** What the recipe expected, and whether it was reached; absent when it expected nothing, or the run was aborted. */
      readonly expectation?: {
        readonly metric: string;
        readonly atMost: number;
        readonly value: number;
        readonly met: boolean;
      };
    };
