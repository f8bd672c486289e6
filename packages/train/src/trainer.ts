// The training loop: prepare, step, evaluate, save, stop, resume. No mathematics, no files: those are the engine's and the store's.

import { type Runtime, type Values, YumoError } from '@yumo/core';
import { Tokenizer } from '@yumo/tokenizer';
import { bundleFiles } from './bundle.ts';
import { shuffledRows } from './data/batches.ts';
import { type Corpus, encodeCorpus, makeTokenizer, splitCorpus, type TextFile } from './data/corpus.ts';
import { type TrainingEngine, trainingEngine } from './engine.ts';
import type { TrainingEvent } from './events.ts';
import { initialValues } from './initial.ts';
import { type ModelPlan, planModel } from './model-config.ts';
import { streamKey } from './random.ts';
import type { Recipe } from './recipe.ts';
import { sampleText } from './sampling.ts';
import { rateShare } from './schedules.ts';
import type { Checkpoint, Progress, RunStore } from './store.ts';

/** What a training needs from outside. */
export interface TrainingJob {
  readonly recipe: Recipe;
  readonly files: readonly TextFile[];
  /** The text of tokenizer.json, for recipes whose tokenizer is a file. */
  readonly tokenizerJson?: string | undefined;
  readonly runtime: Runtime;
  readonly store: RunStore;
  /** Ends the run after the step at hand, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Go on from the store's last checkpoint; from the beginning when it has none. */
  readonly resume?: boolean;
  /** Seconds on a clock that does not jump. */
  readonly clock?: () => number;
}

const seconds = (): number => performance.now() / 1000;

/**
 * Trains, and tells about it. Every event is in the store's log before it is yielded. Ending the generator early (`break`) stops the
 * training without a checkpoint; the signal stops it with one.
 *
 * @throws YumoError `DATA`, `CONFIG`, `TOKENIZER` before anything is computed; `NUMERIC` when the loss is not finite (the last
 *   checkpoint stays); `CHECKPOINT` when a checkpoint does not belong to this recipe and data; `FILE` when it cannot be written.
 */
export async function* runTraining(job: TrainingJob): AsyncGenerator<TrainingEvent> {
  const { recipe, runtime, store, signal, clock = seconds } = job;
  const resumed = job.resume ? await store.resume() : undefined;
  const prepared = await prepare(job, resumed);
  const { corpus, model, engine } = prepared;
  try {
    const loop = new Loop(job, prepared, resumed?.progress);
    const tokensPerStep = recipe.batch * recipe.accumulate * model.context;
    yield* loop.tell({
      kind: 'start',
      run: recipe.name,
      step: loop.progress.step,
      steps: recipe.steps,
      parameters: engine.step.parameters.reduce((n, p) => n + p.shape.reduce((m, d) => m * d, 1), 0),
      vocabularySize: prepared.tokenizer.vocabularySize,
      trainingTokens: corpus.training.length,
      validationTokens: corpus.validation.length,
      tokensPerStep,
      runtime: runtime.description,
    });
    const order = shuffledRows(corpus.training, recipe.batch, model.context, recipe.seed);
    const began = clock();
    const firstStep = loop.progress.step;
    if (!resumed) await loop.writeFiles();
    // What is due after a step is decided from the progress alone, so that a run stopped in between makes up for it when it goes on.
    for (;;) {
      const index = loop.progress.step;
      if (loop.sampleDue && !signal?.aborted) yield* loop.sample();
      if (loop.evaluationDue && !signal?.aborted) yield* loop.evaluate();
      if (loop.checkpointDue || (signal?.aborted && loop.unsaved)) yield* loop.save();
      if (index >= recipe.steps || signal?.aborted) break;
      const started = clock();
      const result = await engine.run(index, order);
      const took = clock() - started;
      loop.advance({ step: index + 1, seconds: loop.progress.seconds + took });
      yield* loop.tell({
        kind: 'step',
        step: index + 1,
        ...result,
        learningRate: recipe.optimizer.learningRate * rateShare(recipe.schedule, index, recipe.steps),
        seconds: took,
        tokensPerSecond: tokensPerStep / took,
        // Evaluations and checkpoints will take their share of the time left, as they did of the time so far.
        secondsLeft: ((clock() - began) / (index + 1 - firstStep)) * (recipe.steps - index - 1),
      });
    }
    yield* loop.done(loop.progress.step < recipe.steps ? 'aborted' : 'completed');
  } finally {
    await engine.dispose();
  }
}

interface Prepared {
  readonly corpus: Corpus;
  readonly tokenizer: Tokenizer;
  readonly model: ModelPlan;
  readonly engine: TrainingEngine;
}

/** Data, tokenizer, model and programs. A resumed run reads its own tokenizer back: training one anew could end otherwise. */
async function prepare(job: TrainingJob, resumed: Checkpoint | undefined): Promise<Prepared> {
  const { recipe, files, store, signal } = job;
  const split = splitCorpus(files, recipe.data.trainShare, recipe.data.separator);
  const kept = resumed && (await store.readText('tokenizer.json'));
  const given = kept ?? job.tokenizerJson;
  let tokenizer: Tokenizer;
  if (given !== undefined) tokenizer = Tokenizer.fromJson(given, { file: 'tokenizer.json' });
  else if (recipe.tokenizer.kind === 'file')
    throw new YumoError('FILE', `tokenizer.path: the text of ${recipe.tokenizer.path} was not given`, {});
  else tokenizer = await makeTokenizer(recipe.tokenizer, split, signal);

  const model = planModel(recipe, tokenizer.vocabularySize);
  const corpus = encodeCorpus(split, tokenizer, model.context);
  if (resumed && resumed.progress.fingerprint !== corpus.fingerprint)
    throw new YumoError(
      'CHECKPOINT',
      `${store.name}: the data changed since step ${resumed.progress.step} (fingerprint ${corpus.fingerprint}, the checkpoint has ${resumed.progress.fingerprint}); restore the files, or start a new run`,
      { was: resumed.progress.fingerprint, is: corpus.fingerprint },
    );
  const engine = await trainingEngine(job.runtime, recipe, model, (step) => {
    if (!resumed)
      return { parameters: initialValues(step.parameters, recipe.seed, recipe.zeroStart), state: step.initialState() };
    const fit = (what: string, has: Values, wanted: readonly { name: string; shape: readonly number[] }[]): Values => {
      const wrong = wanted
        .filter(({ name, shape }) => has[name]?.shape.join() !== shape.join())
        .map(({ name }) => name);
      const extra = Object.keys(has).filter((name) => !wanted.some((w) => w.name === name));
      if (wrong.length + extra.length > 0)
        throw new YumoError(
          'CHECKPOINT',
          `${store.name}: the ${what} of step ${resumed.progress.step} are not those of this recipe (missing or of another shape: ${wrong.join(', ') || 'none'}; not in the model: ${extra.join(', ') || 'none'})`,
          { wrong, extra },
        );
      return Object.fromEntries(wanted.map(({ name }) => [name, has[name]!]));
    };
    return {
      parameters: fit('parameters', resumed.parameters, step.parameters),
      state: fit('optimizer tensors', resumed.state, step.state),
    };
  });
  return { corpus, tokenizer, model, engine };
}

/** The state of the loop, and what it writes. */
class Loop {
  readonly #job: TrainingJob;
  readonly #prepared: Prepared;
  #progress: Progress;
  #savedStep: number;

  constructor(job: TrainingJob, prepared: Prepared, progress: Progress | undefined) {
    this.#job = job;
    this.#prepared = prepared;
    this.#progress = progress ?? {
      step: 0,
      bestLoss: null,
      bestLossPerCharacter: null,
      bestStep: null,
      evaluatedStep: null,
      sampledStep: null,
      seconds: 0,
      fingerprint: prepared.corpus.fingerprint,
    };
    this.#savedStep = progress?.step ?? -1;
  }

  get progress(): Progress {
    return this.#progress;
  }

  get unsaved(): boolean {
    return this.#savedStep !== this.#progress.step;
  }

  get evaluationDue(): boolean {
    const { step, evaluatedStep } = this.#progress;
    const { evaluateEvery, steps } = this.#job.recipe;
    return step > 0 && step !== evaluatedStep && (step % evaluateEvery === 0 || step === steps);
  }

  get sampleDue(): boolean {
    const { step, sampledStep } = this.#progress;
    const { sampleEvery, steps } = this.#job.recipe;
    return sampleEvery > 0 && step > 0 && step !== sampledStep && (step % sampleEvery === 0 || step === steps);
  }

  get checkpointDue(): boolean {
    const { step } = this.#progress;
    const { checkpointEvery, steps } = this.#job.recipe;
    return this.unsaved && step > 0 && (step % checkpointEvery === 0 || step === steps);
  }

  advance(change: Partial<Progress>): void {
    this.#progress = { ...this.#progress, ...change };
  }

  async *tell(event: TrainingEvent): AsyncGenerator<TrainingEvent> {
    await this.#job.store.append(event);
    yield event;
  }

  /** Continues the recipe's prompt. The draw depends on seed and step alone. */
  async *sample(): AsyncGenerator<TrainingEvent> {
    const { recipe, runtime, signal } = this.#job;
    const { model, engine, tokenizer } = this.#prepared;
    const { step } = this.#progress;
    const prompt = recipe.samplePrompt;
    const seed = streamKey(recipe.seed, `sample ${step}`);
    const text = await sampleText(runtime, model, engine.parameters, tokenizer, prompt, seed, signal);
    if (signal?.aborted) return; // unfinished; it will be drawn again
    this.advance({ sampledStep: step });
    yield* this.tell({ kind: 'sample', step, prompt, text });
  }

  /** Measures the validation part; the best so far becomes the bundle, and a checkpoint that is kept. */
  async *evaluate(): AsyncGenerator<TrainingEvent> {
    const { signal, clock = seconds, store } = this.#job;
    const { corpus, engine } = this.#prepared;
    const started = clock();
    const measured = await engine.evaluate(corpus.validation, signal);
    if (!measured) return;
    const took = clock() - started;
    const loss = measured.loss / measured.labels;
    const lossPerCharacter = measured.loss / corpus.validationCharacters;
    const best = this.#progress.bestLoss === null || loss < this.#progress.bestLoss;
    const { step } = this.#progress;
    this.advance({ evaluatedStep: step, seconds: this.#progress.seconds + took });
    if (best) this.advance({ bestLoss: loss, bestLossPerCharacter: lossPerCharacter, bestStep: step });
    const perplexity = Math.exp(loss);
    yield* this.tell({ kind: 'evaluation', step, loss, lossPerCharacter, perplexity, best, seconds: took });
    if (!best) return;
    // The bundle first: killed in between, the run goes on from before this evaluation and writes the same bundle again.
    await this.writeFiles();
    await store.writeWeights(engine.parameters);
    yield* this.save();
  }

  async *save(): AsyncGenerator<TrainingEvent> {
    const { store } = this.#job;
    const { parameters, state } = this.#prepared.engine;
    const { step } = this.#progress;
    const spoilt = Object.entries(parameters).find(([, v]) => !(v.data as Float32Array).every(Number.isFinite));
    if (spoilt)
      throw new YumoError(
        'NUMERIC',
        `step ${step}: ${spoilt[0]} has entries that are not finite; nothing was saved. Lower optimizer.learningRate, or clip`,
        { step, parameter: spoilt[0] },
      );
    // The event first: a run that is resumed from here has it in its log.
    const event: TrainingEvent = { kind: 'checkpoint', step };
    await store.append(event);
    await store.saveCheckpoint({ progress: this.#progress, parameters, state });
    this.#savedStep = step;
    yield event;
  }

  /** The folder as the world reads it, but for the weights. */
  async writeFiles(): Promise<void> {
    const { recipe, store, runtime } = this.#job;
    const { tokenizer, model, engine, corpus } = this.#prepared;
    const { parameters } = engine.step;
    const events = await store.events();
    const progress = this.#progress;
    await store.writeFiles(
      bundleFiles({ recipe, tokenizer, model, parameters, corpus, events, progress, runtime: runtime.description }),
    );
  }

  async *done(reason: 'completed' | 'aborted'): AsyncGenerator<TrainingEvent> {
    const { recipe } = this.#job;
    const { step, bestLoss, bestLossPerCharacter, bestStep, seconds: spent } = this.#progress;
    const value = recipe.expect?.metric === 'validationLoss' ? bestLoss : bestLossPerCharacter;
    const expectation =
      recipe.expect && reason === 'completed' && value !== null
        ? { expectation: { ...recipe.expect, value, met: value <= recipe.expect.atMost } }
        : {};
    yield* this.tell({
      kind: 'done',
      step,
      reason,
      bestLoss,
      bestLossPerCharacter,
      bestStep,
      seconds: spent,
      ...expectation,
    });
    await this.writeFiles(); // the card and the curve once more, now that the run is over
  }
}
