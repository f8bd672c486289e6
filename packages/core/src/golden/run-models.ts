// Models against reference values: outputs, loss and every gradient; generated ids and scores.

import { openBundle } from '../checkpoint/folder.ts';
import { readSafetensors } from '../checkpoint/safetensors.ts';
import { type FileSource, readJsonObject } from '../checkpoint/source.ts';
import { YumoError } from '../errors.ts';
import { CausalLm } from '../generate/decode.ts';
import { foreignSettings, fromHuggingFace, idsOf } from '../generate/options.ts';
import { Seq2SeqLm } from '../generate/seq2seq.ts';
import { gradient } from '../graph/gradient.ts';
import { causalLmTypes, seq2seqTypes } from '../models/index.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { toFloat64, type Value } from '../value.ts';
import { type CaseResult, Comparison, eachCase, failed, type Tolerance, unsupported } from './case.ts';
import { type ModelCase, type ModelMeta, readModelCase } from './model-case.ts';

/** Used where meta.json names none: what the README of the sets states. */
const stated: Readonly<Record<string, Tolerance>> = {
  outputs: { rtol: 1e-3, atol: 1e-4 },
  loss: { rtol: 1e-5, atol: 1e-5 },
  beam_scores: { rtol: 1e-4, atol: 1e-4 },
  training_losses: { rtol: 1e-4, atol: 1e-5 },
  parameter_norm_after_last_step: { rtol: 1e-4, atol: 0 },
};

export const toleranceOf = (meta: ModelMeta, what: string): Tolerance => {
  const { rtol, atol = 0 } = meta.tolerances?.float32?.[what] ?? stated[what]!;
  return { rtol, atol };
};

/** |a − b| ≤ 1e-3 |b| + 1e-4 · the largest |b| of the tensor + 1e-5, as the README of the sets states. */
function gradientTolerance(reference: Float64Array): (b: number) => number {
  let largest = 0;
  for (const b of reference) largest = Math.max(largest, Math.abs(b));
  return (b) => 1e-3 * Math.abs(b) + 1e-4 * largest + 1e-5;
}

/** Outputs, loss and gradients of one model on each runtime. */
export async function runForwardCase(c: ModelCase, runtimes: readonly Runtime[]): Promise<CaseResult> {
  const comparison = new Comparison(c.name);
  const trained = c.parameters.filter((p) => c.expected.has(`grad.${c.storedNames.get(p.name)}`));
  const outputs = { ...c.outputs };
  const { loss } = outputs;
  const gradients = loss
    ? gradient(
        loss,
        trained.map((p) => p.tensor),
      )
    : [];
  for (const [i, g] of gradients.entries()) outputs[`grad.${c.storedNames.get(trained[i]!.name)}`] = g;
  const graph = { inputs: [...Object.values(c.inputs), ...c.parameters.map((p) => p.tensor)], outputs };
  const missing = [...c.expected.keys()].filter((name) => !(name in outputs));
  comparison.require(c.expected.size > 0, 'outputs.safetensors holds no tensor to compare with');
  comparison.require(missing.length === 0, `not computed: ${missing.join(', ')}`);
  for (const runtime of runtimes) {
    try {
      const program = await runtime.compile(graph);
      const wanted = [...c.expected.keys()].filter((name) => name in outputs);
      const got = await program.run({ ...c.feeds, ...c.weights }, { outputs: wanted });
      await program.dispose();
      for (const name of wanted) compareOutput(comparison, c, `${name} (${runtime.name})`, name, got[name]!);
    } catch (error) {
      comparison.require(false, `${runtime.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return comparison.result();
}

function compareOutput(comparison: Comparison, c: ModelCase, title: string, name: string, got: Value): void {
  const wanted = c.expected.get(name)!;
  if (got.shape.join() !== wanted.shape.join())
    comparison.require(false, `${title}: shape [${got.shape}], the reference has [${wanted.shape}]`);
  else if (name.startsWith('grad.')) {
    const reference = toFloat64(wanted);
    comparison.numbers(title, toFloat64(got), reference, gradientTolerance(reference));
  } else {
    const tolerance = toleranceOf(c.meta, name === 'loss' ? 'loss' : 'outputs');
    comparison.values(title, got, wanted, tolerance, c.counts(name, wanted.shape));
  }
}

/** Every generation run of a case. */
export async function runGenerationCases(source: FileSource, name: string, runtime: Runtime): Promise<CaseResult[]> {
  const all = `${name}/generation`;
  const title = (run: string): string => `${all}/${run}`;
  const within = folderOf(source, name);
  let runs: Runs = [];
  try {
    const meta = (await readJsonObject(source, `${name}/meta.json`)) as unknown as ModelMeta; // the layout of the reference sets
    const given: unknown = meta.generation ?? [];
    if (!isRuns(given))
      throw new YumoError(
        'CONFIG',
        `${within.name}/meta.json: "generation" must list runs, each with its name, settings and sequences`,
        {},
      );
    runs = given;
    if (runs.length === 0) return [];
    const bundle = await openBundle(within);
    const type = String(bundle.config.model_type);
    if (!causalLmTypes.includes(type) && !seq2seqTypes.includes(type))
      return runs.map((run) => unsupported(title(run.name), `generation of ${type} models`));
    const prompts = await readPrompts(within);
    const lm = causalLmTypes.includes(type)
      ? await CausalLm.load(bundle, runtime, { states: runs.some((run) => run.settings.penalty_alpha !== undefined) })
      : await Seq2SeqLm.load(bundle, runtime);
    const rows = lm instanceof CausalLm ? leftPadded(prompts, lm.padToken) : prompts.map(() => [lm.startToken]);
    const settings = bundle.config; // older configurations carry settings of generation
    const results = await eachCase(
      runs,
      (run) => title(run.name),
      ({ settings: own, ...run }, t) => {
        const foreign = Object.keys(own).filter((setting) => !generationSettings.includes(setting));
        if (foreign.length > 0) return unsupported(t, `the setting ${foreign.join(', ')}`);
        return generationCase(t, { lm, prompts, rows }, { ...run, settings: { ...settings, ...own } }, meta);
      },
    );
    await lm.dispose();
    return results;
  } catch (error) {
    return runs.length === 0 ? [failed(all, error)] : runs.map((run) => failed(title(run.name), error));
  }
}

type Runs = NonNullable<ModelMeta['generation']>;

const isRuns = (x: unknown): x is Runs =>
  Array.isArray(x) &&
  x.every((run) => typeof run?.name === 'string' && typeof run.settings === 'object' && Array.isArray(run.sequences));

/** Settings of a run that are understood: those that `fromHuggingFace` reads, and those read here. */
const generationSettings = [...foreignSettings, 'max_length', 'penalty_alpha', 'eos_token_id', 'pad_token_id'];

/** A model, its prompts, and the rows that it continues. */
interface Prompted {
  readonly lm: CausalLm | Seq2SeqLm;
  readonly prompts: readonly (readonly number[])[];
  readonly rows: readonly (readonly number[])[];
}

async function generationCase(
  title: string,
  { lm, prompts, rows: given }: Prompted,
  run: Runs[number],
  meta: ModelMeta,
): Promise<CaseResult> {
  const comparison = new Comparison(title);
  const { max_length: most } = run.settings;
  const options: ReturnType<typeof fromHuggingFace> = {
    // The whole row, which settings for a single run may name in place of the new tokens.
    ...(typeof most === 'number' && run.settings.max_new_tokens === undefined
      ? { maxNewTokens: most - (given[0]?.length ?? 0) }
      : {}),
    ...fromHuggingFace(run.settings),
    endTokens: idsOf(run.settings.eos_token_id),
  };
  const rows: number[][] = [];
  const alpha = run.settings.penalty_alpha;
  if (typeof alpha === 'number') {
    if (!(lm instanceof CausalLm)) return unsupported(title, 'contrastive search of encoder-decoder models');
    const found = await lm.contrastiveSearch(prompts, { ...options, alpha, topK: Number(run.settings.top_k) });
    for (const [p, ids] of found.entries()) rows.push([...given[p]!, ...ids]);
  } else if (typeof options.beams === 'number' && options.beams > 1) {
    const results = await lm.beamSearch(prompts, { ...options, beams: options.beams });
    for (const [p, found] of results.entries()) for (const { ids } of found) rows.push([...given[p]!, ...ids]);
    const { rtol, atol } = toleranceOf(meta, 'beam_scores');
    const scores = results.flat().map((r) => r.score);
    comparison.numbers('scores', scores, run.sequences_scores ?? scores, (b) => rtol * Math.abs(b) + atol);
  } else {
    rows.push(...given.map((row) => [...row]));
    for await (const step of lm.generate(prompts, options)) if (step.kind === 'token') rows[step.row]!.push(step.id);
  }
  const expected = run.sequences;
  comparison.require(rows.length === expected.length, `${rows.length} rows, the reference has ${expected.length}`);
  for (const [i, wanted] of expected.entries()) {
    const got = rows[i] ?? [];
    const padded = [...got, ...new Array<number>(Math.max(0, wanted.length - got.length)).fill(lm.padToken)];
    comparison.require(
      padded.join() === wanted.join(),
      `row ${i}: ${padded.join(' ')}, the reference has ${wanted.join(' ')}`,
    );
  }
  return comparison.result();
}

function leftPadded(prompts: readonly (readonly number[])[], padToken: number): number[][] {
  const longest = Math.max(...prompts.map((p) => p.length));
  return prompts.map((p) => [...new Array<number>(longest - p.length).fill(padToken), ...p]);
}

/** The prompts without their padding. */
async function readPrompts(source: FileSource): Promise<number[][]> {
  const file = await readSafetensors(source, 'inputs.safetensors');
  const ids = await file.read('generation.input_ids');
  const mask = file.has('generation.attention_mask')
    ? toFloat64(await file.read('generation.attention_mask'))
    : undefined;
  const [batch, length] = ids.shape as [number, number];
  const numbers = toFloat64(ids);
  return Array.from({ length: batch }, (_, row) =>
    [...numbers.subarray(row * length, (row + 1) * length)].filter((_, i) => mask?.[row * length + i] !== 0),
  );
}

/** The files of one folder of a source, as a source. */
export const folderOf = (source: FileSource, folder: string): FileSource => ({
  name: `${source.name}/${folder}`,
  exists: (path) => source.exists(`${folder}/${path}`),
  size: (path) => source.size(`${folder}/${path}`),
  read: (path, options) => source.read(`${folder}/${path}`, options),
});

/** Names of the cases that are models: those that the index lists. */
export async function modelCaseNames(source: FileSource): Promise<string[]> {
  if (!(await source.exists('index.json'))) return [];
  const { models } = await readJsonObject(source, 'index.json');
  return Array.isArray(models) ? models.map((m: { case?: unknown } | null) => String(m?.case)) : [];
}

/** One model: its outputs, then its generation runs. */
export async function runModelCase(
  source: FileSource,
  name: string,
  runtimes: { readonly exact: Runtime; readonly engine: Runtime },
): Promise<CaseResult[]> {
  const [forward] = await eachCase(
    [name],
    (title) => title,
    async () => runForwardCase(await readModelCase(source, name), [runtimes.exact, runtimes.engine]),
  );
  return [forward!, ...(await runGenerationCases(source, name, runtimes.engine))];
}
