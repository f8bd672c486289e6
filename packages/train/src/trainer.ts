// The training loop: prepare, step, evaluate, save, stop, resume. No mathematics, no files: those are the engine's and the store's.

import { type Bundle, type Parameter, type Runtime, sizeOf, suggestion, type Values, YumoError } from '@yumo/core';
import { Tokenizer } from '@yumo/tokenizer';
import { bundleFiles } from './bundle.ts';
import { differentFields } from './compare.ts';
import type { TrainingData } from './data/sources.ts';
import { makeTokenizer } from './data/tokenizers.ts';
import { formsOf, type TrainingEngine, trainingEngine } from './engine.ts';
import type { TrainingEvent } from './events.ts';
import { halfWeights } from './half-weights.ts';
import { adoptedValues, initialValues } from './initial.ts';
import { type ModelPlan, planModel } from './model-config.ts';
import { readObjective } from './objectives/index.ts';
import {
  type Progress as DataProgress,
  lowerIsBetter,
  type Metrics,
  type Moment,
  type Note,
  type Preparing,
  type Reading,
  type Task,
} from './objectives/objective.ts';
import { streamKey } from './random.ts';
import type { Recipe } from './recipe.ts';
import { parseRecipe } from './recipe-fields.ts';
import { rateShare } from './schedules.ts';
import type { Checkpoint, Progress, RunStore } from './store.ts';

/** What a training needs from outside. */
export interface TrainingJob {
  readonly recipe: Recipe;
  readonly data: TrainingData;
  /** What was counted while the data were read. */
  readonly notices?: readonly Notice[] | undefined;
  /** The text of tokenizer.json, for recipes whose tokenizer is a file. */
  readonly tokenizerJson?: string | undefined;
  /** The model of `init.from`. */
  readonly init?: Bundle | undefined;
  readonly runtime: Runtime;
  readonly store: RunStore;
  /** Ends the run after the step at hand, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Go on from the store's last checkpoint; from the beginning when it has none. */
  readonly resume?: boolean;
  /** Seconds on a clock that does not jump. */
  readonly clock?: () => number;
}

/** Something that was left out, put right or started anew. */
export interface Notice {
  readonly text: string;
  readonly count: number;
}

/** Notes as notices. */
export const noteInto =
  (notices: Notice[]): Note =>
  (text, count, first) =>
    void notices.push({ text: first === undefined ? text : `${text}; the first: ${first}`, count });

const seconds = (): number => performance.now() / 1000;

/**
 * Trains, and tells about it. Every event is in the store's log before it is yielded. Ending the generator early (`break`) stops the
 * training without a checkpoint; the signal stops it with one.
 *
 * @throws YumoError `DATA`, `CONFIG`, `TOKENIZER` before anything is computed; `NUMERIC` when the loss is not finite (the last
 *   checkpoint stays); `CHECKPOINT` when a checkpoint does not belong to this recipe and data; `FILE` when it cannot be written.
 */
export async function* runTraining(given: TrainingJob): AsyncGenerator<TrainingEvent> {
  const { runtime, store, signal, clock = seconds } = given;
  const resumed = given.resume ? await store.resume() : undefined;
  const { job, prepared } = yield* whileTelling(async (progress) => {
    const job = { ...given, progress, recipe: await resolvedRecipe({ ...given, progress }) };
    if (resumed?.progress.recipe) refuseChanges(store.name, resumed.progress.recipe, job.recipe);
    return { job, prepared: await prepare(job, resumed) };
  });
  const { recipe } = job;
  const { task, engine } = prepared;
  try {
    if (given.resume) await store.restart(); // accepted: until here nothing of the run has changed
    const loop = new Loop(job, prepared, resumed?.progress);
    const { fingerprint: _compared, validationCharacters: _stated, ...facts } = task.facts;
    yield* loop.tell({
      kind: 'start',
      run: recipe.name,
      pipeline: prepared.reading.pipeline,
      step: loop.progress.step,
      steps: recipe.steps,
      ...loop.sizes,
      vocabularySize: prepared.tokenizer.vocabularySize,
      ...facts,
      runtime: runtime.description,
    });
    if (!resumed) for (const notice of prepared.notices) yield* loop.tell({ kind: 'notice', ...notice });
    const { order } = task;
    const began = clock();
    const firstStep = loop.progress.step;
    if (!resumed) await loop.writeFiles();
    // What is due after a step is decided from the progress alone, so that a run stopped in between makes up for it when it goes on.
    for (;;) {
      const index = loop.progress.step;
      if (loop.sampleDue && !signal?.aborted) yield* loop.sample();
      if (loop.evaluationDue && !signal?.aborted) yield* loop.evaluate();
      const ends = signal?.aborted || loop.exhausted;
      if (loop.checkpointDue || (ends && loop.unsaved)) yield* loop.save();
      if (index >= recipe.steps || ends) break;
      const started = clock();
      const { tokens, ...result } = await engine.run(index, order);
      const took = clock() - started;
      loop.advance({ step: index + 1, seconds: loop.progress.seconds + took });
      yield* loop.tell({
        kind: 'step',
        step: index + 1,
        ...result,
        learningRate: recipe.optimizer.learningRate * rateShare(recipe.schedule, index, recipe.steps),
        seconds: took,
        tokensPerSecond: tokens / took,
        // Evaluations and checkpoints will take their share of the time left, as they did of the time so far.
        secondsLeft: ((clock() - began) / (index + 1 - firstStep)) * (recipe.steps - index - 1),
      });
    }
    yield* loop.done(loop.progress.step >= recipe.steps ? 'completed' : signal?.aborted ? 'aborted' : 'early');
  } finally {
    await engine.dispose();
    await task.close?.();
  }
}

/** Does something that tells how far it is, and yields what it tells. */
async function* whileTelling<T>(run: (progress: DataProgress) => Promise<T>): AsyncGenerator<Preparing, T> {
  let told: Preparing | undefined;
  let wake = (): void => undefined;
  let ended = false;
  const running = run((state) => {
    told = state;
    wake();
  }).finally(() => {
    ended = true;
    wake();
  });
  running.catch(() => undefined); // thrown below
  while (!ended) {
    if (told) {
      const state = told;
      told = undefined;
      yield state;
    } else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  return running;
}

/** Rows of one run where a step sees all of them. */
const mostRowsOfRun = 64;

/** The recipe with numbers in place of "all": runs of equal length that together see every row once a step. */
export async function resolvedRecipe(
  job: Pick<TrainingJob, 'recipe' | 'data' | 'tokenizerJson' | 'init' | 'signal'> & {
    readonly progress?: DataProgress | undefined;
  },
): Promise<Recipe> {
  const { recipe } = job;
  if (recipe.batch > 0) return recipe;
  const { task } = await planTraining({ ...job, recipe: { ...recipe, batch: 1, accumulate: 1 } });
  const rows = task.order.rowsPerEpoch;
  await task.close?.();
  let batch = Math.min(mostRowsOfRun, rows);
  while (rows % batch !== 0) batch--;
  return { ...recipe, batch, accumulate: rows / batch };
}

/** Fields that may change between two sessions of a run: what was done so far stays what it is. */
export const changeableFields: readonly string[] = [
  ...[
    'name',
    'description',
    'translations',
    'license',
    'language',
    'steps',
    'evaluateEvery',
    'checkpointEvery',
    'sampleEvery',
  ],
  ...['samplePrompt', 'stopEarly', 'device', 'threads', 'expect', 'tensorboard'],
];

/** @throws YumoError `CONFIG` naming every field that would change what was trained so far, with both values. */
function refuseChanges(name: string, stored: Recipe, is: Recipe): void {
  const was = parseRecipe(stored, name); // one of an earlier version lacks fields that have defaults now
  const shown = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value));
  const changes = differentFields([was, is])
    .filter(({ path }) => !changeableFields.includes(path.split('.')[0]!))
    .map(({ path, values }) => `${path} was ${shown(values[0])} and is ${shown(values[1])}`);
  if (changes.length > 0)
    throw new YumoError(
      'CONFIG',
      `${name}: the recipe changed in the middle of the run: ${changes.join('; ')}. Set it back in training/recipe.json, or start a new run`,
      { changes },
    );
}

/** Everything that is known before anything is computed. */
export interface Plan {
  readonly reading: Reading;
  readonly tokenizer: Tokenizer;
  readonly model: ModelPlan;
  readonly task: Task;
  readonly notices: readonly Notice[];
}

interface Prepared extends Plan {
  readonly engine: TrainingEngine;
}

/**
 * Data, tokenizer, model and batches of a recipe.
 * @param kept tokenizer.json and config.json of a run that goes on: learning a tokenizer anew could end otherwise.
 */
export async function planTraining(
  job: Pick<TrainingJob, 'recipe' | 'data' | 'notices' | 'tokenizerJson' | 'init' | 'signal'> & {
    readonly progress?: DataProgress | undefined;
  },
  kept: { readonly tokenizerJson?: string | undefined; readonly config?: string | undefined } = {},
): Promise<Plan> {
  const { recipe, data, init, progress } = job;
  const notices: Notice[] = [...(job.notices ?? [])];
  const note = noteInto(notices);
  const reading = await readObjective({ recipe, objective: recipe.objective, data, note, progress });
  const tokenizer = await tokenizerFor(job, reading, kept.tokenizerJson);
  const base = kept.config === undefined ? init?.config : (JSON.parse(kept.config) as Record<string, unknown>);
  if (recipe.init && !base)
    throw new YumoError('FILE', `init.from: the model ${recipe.init.from} was not given`, { from: recipe.init.from });
  const model = planModel(recipe, tokenizer.vocabularySize, {
    objective: recipe.objective.kind,
    heads: reading.heads,
    fields: reading.config(tokenizer),
    base: recipe.init && base,
  });
  const task = await reading.task(tokenizer, model);
  const known = ['loss', ...task.metrics];
  const asked = [recipe.best, ...(recipe.expect ? [expectedMetric(recipe.expect.metric)] : [])];
  for (const metric of asked)
    if (!known.includes(metric)) {
      await task.close?.();
      throw new YumoError(
        'CONFIG',
        `best, expect: objective ${recipe.objective.kind} does not measure "${metric}"${suggestion(metric, known)}; it measures ${known.join(', ')}`,
        { metric, known },
      );
    }
  return { reading, tokenizer, model, task, notices };
}

async function tokenizerFor(
  { recipe, tokenizerJson, init, signal }: Pick<TrainingJob, 'recipe' | 'tokenizerJson' | 'init' | 'signal'>,
  reading: Reading,
  kept: string | undefined,
): Promise<Tokenizer> {
  const { tokenizer } = recipe;
  if (kept !== undefined) return Tokenizer.fromJson(kept, { file: 'tokenizer.json' });
  if (tokenizer.kind === 'init') {
    if (!init)
      throw new YumoError(
        'CONFIG',
        'tokenizer: {"kind": "init"} needs the model that it belongs to; give init.from',
        {},
      );
    return Tokenizer.fromJson(await init.tokenizerJson(), { file: `${init.source.name}/tokenizer.json` });
  }
  if (tokenizer.kind !== 'file')
    return makeTokenizer(
      tokenizer,
      { training: reading.texts(), validation: reading.validationTexts() },
      reading.tokens,
      signal,
    );
  if (tokenizerJson === undefined)
    throw new YumoError('FILE', `tokenizer.path: the text of ${tokenizer.path} was not given`, {});
  return Tokenizer.fromJson(tokenizerJson, { file: 'tokenizer.json' });
}

/** The names of recipes for what the task calls loss and lossPerCharacter. */
const expectedMetric = (metric: string): string =>
  metric === 'validationLoss' ? 'loss' : metric === 'validationLossPerCharacter' ? 'lossPerCharacter' : metric;

/** The plan, and its programs with their first numbers. */
async function prepare(job: TrainingJob, resumed: Checkpoint | undefined): Promise<Prepared> {
  const { store } = job;
  const kept = resumed && {
    tokenizerJson: await store.readText('tokenizer.json'),
    config: await store.readText('config.json'),
  };
  const plan = await planTraining(job, kept);
  try {
    return await prepared(job, plan, resumed);
  } catch (error) {
    await plan.task.close?.();
    throw error;
  }
}

async function prepared(job: TrainingJob, plan: Plan, resumed: Checkpoint | undefined): Promise<Prepared> {
  const { recipe, store, init } = job;
  const { task, model } = plan;
  if (resumed && resumed.progress.fingerprint !== task.facts.fingerprint)
    throw new YumoError(
      'CHECKPOINT',
      `${store.name}: the data changed since step ${resumed.progress.step} (fingerprint ${task.facts.fingerprint}, the checkpoint has ${resumed.progress.fingerprint}); restore the files, or start a new run`,
      { was: resumed.progress.fingerprint, is: task.facts.fingerprint },
    );
  const notices = [...plan.notices];
  const forms = formsOf(await task.order.batch((resumed?.progress.step ?? 0) * recipe.accumulate));
  const engine = await trainingEngine(job.runtime, recipe, task.loss, forms, async (step) => {
    const wanted = [...step.parameters, ...step.buffers];
    if (!resumed) {
      const fresh = initialValues(wanted, recipe.seed, recipe);
      if (!init || !recipe.init) return { parameters: fresh, state: step.initialState(fresh) };
      const { values, anew, unused } = await adoptedValues(init, model.architecture, wanted, fresh);
      if (anew.length > 0)
        notices.push({
          text: `init.from has not, so these parameters start anew: ${anew.join(', ')}`,
          count: anew.length,
        });
      if (unused.length > 0)
        notices.push({
          text: `init.from has besides, and this model has no use for: ${unused.join(', ')}`,
          count: unused.length,
        });
      return { parameters: values, state: step.initialState(values) };
    }
    const fit = (what: string, has: Values, asked: readonly { name: string; shape: readonly number[] }[]): Values => {
      const wrong = asked.filter(({ name, shape }) => has[name]?.shape.join() !== shape.join()).map(({ name }) => name);
      const extra = Object.keys(has).filter((name) => !asked.some((w) => w.name === name));
      if (wrong.length + extra.length > 0)
        throw new YumoError(
          'CHECKPOINT',
          `${store.name}: the ${what} of step ${resumed.progress.step} are not those of this recipe (missing or of another shape: ${wrong.join(', ') || 'none'}; not in the model: ${extra.join(', ') || 'none'})`,
          { wrong, extra },
        );
      return Object.fromEntries(asked.map(({ name }) => [name, has[name]!]));
    };
    return {
      parameters: fit('parameters', resumed.parameters, wanted),
      state: fit('optimizer tensors', resumed.state, step.state),
    };
  });
  return { ...plan, notices, engine };
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
      bestMetrics: null,
      bestStep: null,
      evaluatedStep: null,
      sampledStep: null,
      seconds: 0,
      fingerprint: prepared.task.facts.fingerprint,
    };
    this.advance({ recipe: job.recipe });
    this.#savedStep = progress?.step ?? -1;
  }

  get progress(): Progress {
    return this.#progress;
  }

  get unsaved(): boolean {
    return this.#savedStep !== this.#progress.step;
  }

  /** Numbers of the model. */
  get sizes(): { parameters: number; trainedParameters?: number } {
    const { parameters, buffers } = this.#prepared.engine.step;
    const count = (of: readonly Parameter[]): number => of.reduce((n, p) => n + sizeOf(p.shape), 0);
    const frozen = count(buffers.filter((p) => !p.fixed));
    const trained = count(parameters);
    return { parameters: trained + frozen, ...(frozen > 0 ? { trainedParameters: trained } : {}) };
  }

  /** Nothing improved for as long as the recipe allows. */
  get exhausted(): boolean {
    const { stopEarly } = this.#job.recipe;
    return stopEarly !== undefined && (this.#progress.staleEvaluations ?? 0) >= stopEarly.patience;
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

  /** The model as it is; draws depend on seed and step alone. */
  #moment(): Moment {
    const { recipe, runtime, signal } = this.#job;
    const { weights: parameters } = this.#prepared.engine;
    return { runtime, parameters, signal, seed: streamKey(recipe.seed, `sample ${this.#progress.step}`) };
  }

  async *sample(): AsyncGenerator<TrainingEvent> {
    const { step } = this.#progress;
    await this.#prepared.engine.settle();
    const sample = await this.#prepared.task.sample?.(this.#moment());
    if (this.#job.signal?.aborted) return; // unfinished; it will be drawn again
    this.advance({ sampledStep: step });
    if (sample) yield* this.tell({ kind: 'sample', step, ...sample });
  }

  /** Measures the validation part; the best so far becomes the bundle, and a checkpoint that is kept. */
  async *evaluate(): AsyncGenerator<TrainingEvent> {
    const { signal, clock = seconds, store, recipe } = this.#job;
    const { task, engine } = this.#prepared;
    const started = clock();
    const evaluation = task.evaluation();
    const found = await engine.evaluate(
      evaluation.batches,
      (batch, outputs) => evaluation.add?.(batch, outputs),
      signal,
    );
    if (!found) return;
    const loss = found.loss / found.labels;
    await engine.settle();
    const metrics = await evaluation.metrics(loss, this.#moment());
    if (signal?.aborted) return;
    const took = clock() - started;
    const { bestLoss, bestMetrics, step } = this.#progress;
    const [value, before] = [measured(recipe.best, loss, metrics), measured(recipe.best, bestLoss, bestMetrics)];
    const best =
      before === null || (value !== null && (lowerIsBetter.has(recipe.best) ? value < before : value > before));
    this.advance({ evaluatedStep: step, seconds: this.#progress.seconds + took, ...this.#improvement(value) });
    if (best) this.advance({ bestLoss: loss, bestMetrics: metrics, bestStep: step });
    yield* this.tell({ kind: 'evaluation', step, loss, metrics, best, seconds: took });
    if (!best) return;
    // The bundle first: killed in between, the run goes on from before this evaluation and writes the same bundle again.
    await this.writeFiles();
    const { weights } = engine;
    await store.writeWeights(recipe.save === 'float16' ? halfWeights(weights) : weights);
    yield* this.save();
  }

  /** Counts evaluations that are no better by more than the recipe asks. */
  #improvement(value: number | null): Partial<Progress> {
    const { stopEarly, best } = this.#job.recipe;
    if (!stopEarly || value === null) return {};
    const { improvedTo = null, staleEvaluations = 0 } = this.#progress;
    const gain =
      improvedTo === null
        ? Number.POSITIVE_INFINITY
        : lowerIsBetter.has(best)
          ? improvedTo - value
          : value - improvedTo;
    return gain > stopEarly.minChange
      ? { improvedTo: value, staleEvaluations: 0 }
      : { staleEvaluations: staleEvaluations + 1 };
  }

  async *save(): AsyncGenerator<TrainingEvent> {
    const { store } = this.#job;
    const { parameters, state } = this.#prepared.engine;
    const { step } = this.#progress;
    await this.#prepared.engine.settle();
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
    const { step } = this.#prepared.engine;
    const parameters = [...step.parameters, ...step.buffers.filter((p) => !p.fixed)];
    const events = await store.events();
    const progress = this.#progress;
    const facts = { ...this.#prepared, recipe, parameters, events, progress, runtime: runtime.description };
    await store.writeFiles(bundleFiles(facts));
  }

  async *done(reason: 'completed' | 'aborted' | 'early'): AsyncGenerator<TrainingEvent> {
    const { expect } = this.#job.recipe;
    const { step, bestLoss, bestMetrics, bestStep, seconds: spent } = this.#progress;
    const value = expect ? measured(expectedMetric(expect.metric), bestLoss, bestMetrics) : null;
    const expectation =
      expect && reason !== 'aborted' && value !== null
        ? {
            expectation: {
              ...expect,
              value,
              met:
                value <= (expect.atMost ?? Number.POSITIVE_INFINITY) &&
                value >= (expect.atLeast ?? Number.NEGATIVE_INFINITY),
            },
          }
        : {};
    yield* this.tell({ kind: 'done', step, reason, bestLoss, bestMetrics, bestStep, seconds: spent, ...expectation });
    await this.writeFiles(); // the card and the curve once more, now that the run is over
  }
}

/** A measure of an evaluation by its name. */
const measured = (metric: string, loss: number | null, metrics: Metrics | null): number | null =>
  metric === 'loss' ? loss : (metrics?.[metric] ?? null);
