// A bundle's graph as ONNX files that transformers.js, Optimum and onnxruntime open, each checked against the graph it came from.

import type { Bundle } from '../checkpoint/folder.ts';
import { throwIfAborted } from '../errors.ts';
import { dataFile, externalAt, tensorBytes } from '../lower/onnx/external.ts';
import { type ModelProto, serialise } from '../lower/onnx/proto.ts';
import type { LoadFileOptions, Program, Runtime } from '../runtimes/runtime.ts';
import { sizeOf } from '../value.ts';
import { type ExportPart, type ExportPlan, type PlanOptions, planExport } from './plan.ts';
import { Comparison, type ProbeDifference, probesFor } from './probe.ts';

export interface ExportOptions {
  /** Runs the files, to compare. Must load ONNX files. */
  readonly runtime: Runtime;
  /** Runs the graph that the files are compared with; the same runtime by default. `referenceRuntime` is the strictest, and slow. */
  readonly against?: Runtime | undefined;
  /** `float32`: onnx/model.onnx; `float16`: onnx/model_fp16.onnx; `int8`: onnx/model_quantized.onnx; `int4`: onnx/model_q4.onnx. float32 and int8 by default. */
  readonly forms?: readonly ExportForm[] | undefined;
  /**
   * Of an encoder-decoder model: `merged` (default): decoder_model_merged.onnx, which transformers.js reads; `pair`: decoder_model.onnx and
   * decoder_with_past_model.onnx. The encoder is encoder_model.onnx.
   */
  readonly decoder?: PlanOptions['decoder'];
  /**
   * Bytes of tensors that a file holds itself; beyond it the large ones go into a file beside it, `model.onnx_data`. Just under 2 GiB by default:
   * more no .onnx file can hold.
   */
  readonly externalDataAt?: number | undefined;
  /**
   * Puts a file on the disk for the engine to open, and tells the model's path there. Without it files are opened from memory, and tensors
   * beside a file are joined into one array for that.
   */
  readonly stage?: ((file: FileContent) => Promise<string>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type ExportForm = 'float32' | 'float16' | 'int8' | 'int4';

/** What transformers.js adds to a file's name for each form (its `dtype` `fp32`, `fp16`, `q8` and `q4`). */
const suffixes: Readonly<Record<ExportForm, string>> = {
  float32: '',
  float16: '_fp16',
  int8: '_quantized',
  int4: '_q4',
};

const bitsOf: { readonly [F in ExportForm]?: 8 | 4 } = { int8: 8, int4: 4 };

export interface FileContent {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The file `<path>_data` with the large tensors, where one file cannot hold them. In pieces: many are the weights' own memory. */
  readonly data?: { readonly pieces: readonly Uint8Array[]; readonly bytes: number } | undefined;
}

export interface ExportedFile extends FileContent {
  readonly form: ExportForm;
  /** The file against the graph on the probe set. */
  readonly difference: ProbeDifference;
}

export interface ExportResult {
  readonly files: readonly ExportedFile[];
  /** Numbers in all parameters together. */
  readonly parameters: number;
  /** Text files that other programs need and the bundle lacks, or has otherwise. */
  readonly companions: Readonly<Record<string, string>>;
}

/**
 * Exports a bundle. Nothing is written: the caller does that (`exportFolder` in Node).
 * @throws YumoError `CONFIG`, `CHECKPOINT`, `FILE`, `GRAPH`, `RUNTIME`, `ABORTED`.
 */
export async function exportBundle(bundle: Bundle, options: ExportOptions): Promise<ExportResult> {
  const { forms = ['float32', 'int8'], signal, decoder, externalDataAt = externalAt } = options;
  const plan = await planExport(bundle, { signal, decoder });
  const files: ExportedFile[] = [];
  for (const part of plan.parts) {
    const made: Made[] = [];
    for (const form of forms) {
      throwIfAborted(signal, `exporting ${bundle.source.name}`);
      const { weights: constants } = plan;
      const { int64Inputs } = part;
      const storage = { weightBits: bitsOf[form], halfWeights: form === 'float16' };
      const model = part.lower({ constants, int64Inputs, ...storage });
      const content = contentOf(`onnx/${part.name}${suffixes[form]}.onnx`, model, externalDataAt);
      made.push({ form, content, staged: await options.stage?.(content), comparison: new Comparison() });
    }
    await compare(plan, part, made, options);
    for (const { form, content, comparison } of made)
      files.push({ ...content, form, difference: comparison.difference });
  }
  return {
    files,
    parameters: plan.parameters.reduce((n, p) => n + sizeOf(p.shape), 0),
    companions: { ...(await missingCompanions(bundle)), ...configFor(bundle.config, files) },
  };
}

interface Made {
  readonly form: ExportForm;
  readonly content: FileContent;
  /** Where the file lies, if it lies anywhere. */
  readonly staged: string | undefined;
  readonly comparison: Comparison;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function contentOf(path: string, model: ModelProto, externalDataAt: number): FileContent {
  if (tensorBytes(model.initializers) <= externalDataAt) return { path, bytes: serialise(model) };
  const { places, pieces, bytes } = dataFile(model.initializers, `${nameOf(path)}_data`);
  return { path, bytes: serialise(model, places), ...(bytes > 0 ? { data: { pieces, bytes } } : {}) };
}

/** Opens a file as others will. */
function open(
  runtime: Runtime,
  { content: { path, bytes, data }, staged }: Made,
  stop: LoadFileOptions,
): Promise<Program> {
  if (staged !== undefined) return runtime.load(staged, stop);
  if (!data) return runtime.load(bytes, stop);
  const joined = new Uint8Array(data.bytes);
  let at = 0;
  for (const piece of data.pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return runtime.load(bytes, { ...stop, data: { [`${nameOf(path)}_data`]: joined } });
}

/** Each graph of a part against each file that was made of it. */
async function compare(
  { weights, contextLength }: ExportPlan,
  part: ExportPart,
  made: readonly Made[],
  { runtime, against = runtime, signal }: ExportOptions,
): Promise<void> {
  const stop = signal ? { signal } : {};
  for (const chosen of part.graphs) {
    const constants = Object.fromEntries(chosen.parameters.map((p) => [p.name, weights[p.name]!]));
    const probes = probesFor(part, chosen, contextLength);
    const graph = await against.compile(chosen.graph, { constants, ...stop });
    try {
      for (const one of made) {
        const file = await open(runtime, one, stop);
        try {
          await one.comparison.add(graph, file, probes);
        } finally {
          await file.dispose();
        }
      }
    } finally {
      await graph.dispose();
    }
  }
}

const json = (x: object): string => `${JSON.stringify(x, null, 2)}\n`;

/** transformers.js looks into config.json for which files have their tensors beside them. Nothing where it says so already. */
function configFor(config: Bundle['config'], files: readonly FileContent[]): Record<string, string> {
  const theirs = (config['transformers.js_config'] ?? {}) as Readonly<Record<string, unknown>>;
  const known = theirs.use_external_data_format;
  const before: Readonly<Record<string, unknown>> = typeof known === 'object' && known !== null ? { ...known } : {};
  const named = files.map((file) => [nameOf(file.path), file.data] as const);
  const others = Object.entries(before).filter(([name]) => !named.some(([own]) => own === name));
  const after = Object.fromEntries([...others, ...named.flatMap(([name, data]) => (data ? [[name, 1] as const] : []))]);
  if (JSON.stringify(Object.entries(after).sort()) === JSON.stringify(Object.entries(before).sort())) return {};
  return {
    'config.json': json({ ...config, 'transformers.js_config': { ...theirs, use_external_data_format: after } }),
  };
}

/** transformers.js wants both beside the model. */
async function missingCompanions({ source, config }: Bundle): Promise<Record<string, string>> {
  const companions: Record<string, string> = {};
  if (!(await source.exists('generation_config.json'))) {
    const special = ['bos_token_id', 'eos_token_id', 'pad_token_id', 'decoder_start_token_id'];
    companions['generation_config.json'] = json(
      Object.fromEntries(
        special.filter((name) => typeof config[name] === 'number').map((name) => [name, config[name]]),
      ),
    );
  }
  if ((await source.exists('tokenizer.json')) && !(await source.exists('tokenizer_config.json')))
    companions['tokenizer_config.json'] = json({ tokenizer_class: 'PreTrainedTokenizerFast' });
  return companions;
}
