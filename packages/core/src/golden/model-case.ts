// One model of a set of reference values: its graph, what to feed it, and what must come out where.

import { loadParameters, matchParameters } from '../checkpoint/parameters.ts';
import { readSafetensors } from '../checkpoint/safetensors.ts';
import { type FileSource, readJsonObject } from '../checkpoint/source.ts';
import { type Model, modelFor } from '../models/index.ts';
import { type Parameter, parameterScope } from '../nn/scope.ts';
import type { Values } from '../runtimes/runtime.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { toFloat64, type Value } from '../value.ts';
import type { Tolerance } from './case.ts';

/** The parts of meta.json that are read. */
export interface ModelMeta {
  readonly architecture: string;
  readonly loss?: string;
  readonly parameters_without_gradient?: readonly string[];
  readonly tolerances?: { readonly float32?: Readonly<Record<string, Tolerance>> };
  readonly compare_where?: string;
  readonly training?: {
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly clip_global_norm: number;
    readonly steps: number;
    readonly loss_before_each_step: readonly number[];
    readonly gradient_norm_before_clipping: readonly number[];
    readonly loss_after_last_step: number;
    readonly parameter_norm_after_last_step: number;
  };
  readonly generation?: readonly {
    readonly name: string;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly sequences: readonly (readonly number[])[];
    readonly sequences_scores?: readonly number[];
  }[];
}

export interface ModelCase {
  readonly name: string;
  readonly meta: ModelMeta;
  readonly model: Model;
  /** Inputs of the graph beside the parameters. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly parameters: readonly Parameter[];
  /** Our name of a parameter → its name in the files. */
  readonly storedNames: ReadonlyMap<string, string>;
  /** Under the names of the stored outputs, `loss` among them. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly feeds: Values;
  readonly weights: Values;
  readonly expected: ReadonlyMap<string, Value>;
  /** For an output of this name and shape: the places that mean something; undefined for all. */
  counts(name: string, shape: readonly number[]): ((index: number) => boolean) | undefined;
}

/** The temperature of a contrastive loss, which meta.json tells in words: `… a_embedding . b_embedding / 0.05, …`. */
function temperatureOf({ loss = '' }: ModelMeta): number | undefined {
  const found = /contrastive.*\/ (\d*\.?\d+)/.exec(loss);
  return found ? Number(found[1]) : undefined;
}

/** Ids as int32, the rest as stored: what graphs take. */
const fed = (v: Value): Value =>
  v.dtype === 'int64' ? { dtype: 'int32', shape: v.shape, data: Int32Array.from(v.data as BigInt64Array, Number) } : v;

const readAll = async (source: FileSource, path: string): Promise<Map<string, Value>> => {
  const file = await readSafetensors(source, path);
  const all = new Map<string, Value>();
  for (const name of file.names) all.set(name, await file.read(name));
  return all;
};

/** Reads the folder of a case. @throws YumoError `CONFIG` when the architecture or its head is not ours. */
export async function readModelCase(source: FileSource, name: string): Promise<ModelCase> {
  const config = await readJsonObject(source, `${name}/config.json`);
  const meta = (await readJsonObject(source, `${name}/meta.json`)) as unknown as ModelMeta; // the layout of the reference sets
  const model = modelFor(config);
  const feeds: Record<string, Value> = {};
  for (const [input, v] of await readAll(source, `${name}/inputs.safetensors`))
    if (!input.startsWith('generation.')) feeds[input] = fed(v);
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([input, v]) => [input, tensor(input, v.dtype, v.shape)]),
  );
  const scope = parameterScope();
  const outputs = model.head.build(scope, inputs, model.config, { temperature: temperatureOf(meta) });
  const { parameters } = scope;
  const file = await readSafetensors(source, `${name}/model.safetensors`);
  return {
    name,
    meta,
    model,
    inputs,
    parameters,
    storedNames: matchParameters(file, parameters, model.architecture).found,
    outputs,
    feeds,
    weights: await loadParameters(file, parameters, model.architecture),
    expected: await readAll(source, `${name}/outputs.safetensors`),
    counts: padding(feeds, meta),
  };
}

/** Where `compare_where` of meta.json says so, rows of padded positions mean nothing. */
function padding(feeds: Values, meta: ModelMeta): ModelCase['counts'] {
  const mask = feeds.attention_mask;
  if (mask?.shape.length !== 2 || !meta.compare_where) return () => undefined;
  const [batch, sequence] = mask.shape as [number, number];
  const real = toFloat64(mask);
  const encoder = 'decoder_input_ids' in feeds;
  return (name, shape) => {
    if (encoder && !name.startsWith('encoder_')) return undefined; // decoder rows are not padded
    // The axis of positions: after the batch; for attention rows after the heads too.
    const axis = name.includes('attentions') ? 2 : 1;
    const isPerPosition =
      /(hidden_state|attentions)/.test(name) ||
      /^(start|end)_logits$/.test(name) ||
      (/logits$/.test(name) && shape.length === 3);
    if (!isPerPosition || shape[0] !== batch || shape[axis] !== sequence) return undefined;
    const inner = shape.slice(axis + 1).reduce((n, d) => n * d, 1);
    const heads = axis === 2 ? shape[1]! : 1;
    return (index) => {
      const row = Math.floor(index / inner);
      return real[Math.floor(row / sequence / heads) * sequence + (row % sequence)] === 1;
    };
  };
}
