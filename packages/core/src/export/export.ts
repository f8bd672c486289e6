// A bundle's graph as ONNX files that transformers.js, Optimum and onnxruntime open, each checked against the graph it came from.

import type { Bundle } from '../checkpoint/folder.ts';
import { throwIfAborted } from '../errors.ts';
import type { Program, Runtime } from '../runtimes/runtime.ts';
import { sizeOf } from '../value.ts';
import { type ExportPart, type ExportPlan, type PlanOptions, planExport } from './plan.ts';
import { Comparison, type ProbeDifference, probesFor } from './probe.ts';

export interface ExportOptions {
  /** Runs the files, to compare. Must load ONNX files. */
  readonly runtime: Runtime;
  /** Runs the graph that the files are compared with; the same runtime by default. `referenceRuntime` is the strictest, and slow. */
  readonly against?: Runtime | undefined;
  /** `float32`: onnx/model.onnx; `float16`: onnx/model_fp16.onnx; `int8`: onnx/model_quantized.onnx. The first and the last by default. */
  readonly forms?: readonly ExportForm[] | undefined;
  /**
   * Of an encoder-decoder model: `merged` (default): decoder_model_merged.onnx, which transformers.js reads; `pair`: decoder_model.onnx and
   * decoder_with_past_model.onnx. The encoder is encoder_model.onnx.
   */
  readonly decoder?: PlanOptions['decoder'];
  /** Tokens of every text, fixed: recurrent models (LSTM) need it; others take any number. */
  readonly sequenceLength?: PlanOptions['sequenceLength'];
  readonly signal?: AbortSignal | undefined;
}

export type ExportForm = 'float32' | 'float16' | 'int8';

/** What transformers.js adds to a file's name for each form (its `dtype` `fp32`, `fp16` and `q8`). */
const suffixes: Readonly<Record<ExportForm, string>> = { float32: '', float16: '_fp16', int8: '_quantized' };

export interface ExportedFile {
  readonly path: string;
  readonly form: ExportForm;
  readonly bytes: Uint8Array;
  /** The file against the graph on the probe set. */
  readonly difference: ProbeDifference;
}

export interface ExportResult {
  readonly files: readonly ExportedFile[];
  /** Numbers in all parameters together. */
  readonly parameters: number;
  /** Text files that other programs need and the bundle lacks. */
  readonly companions: Readonly<Record<string, string>>;
}

/**
 * Exports a bundle. Nothing is written: the caller does that (`exportFolder` in Node).
 * @throws YumoError `CONFIG`, `CHECKPOINT`, `FILE`, `GRAPH`, `RUNTIME`, `ABORTED`.
 */
export async function exportBundle(bundle: Bundle, options: ExportOptions): Promise<ExportResult> {
  const { forms = ['float32', 'int8'], signal, decoder, sequenceLength } = options;
  const plan = await planExport(bundle, { signal, decoder, sequenceLength });
  const files: ExportedFile[] = [];
  for (const part of plan.parts) {
    const made: { form: ExportForm; bytes: Uint8Array; comparison: Comparison }[] = [];
    for (const form of forms) {
      throwIfAborted(signal, `exporting ${bundle.source.name}`);
      const { weights: constants } = plan;
      const { int64Inputs } = part;
      const storage = { quantize: form === 'int8', halfWeights: form === 'float16' };
      const bytes = part.lower({ constants, int64Inputs, ...storage });
      made.push({ form, bytes, comparison: new Comparison() });
    }
    await compare(plan, part, made, options);
    for (const { form, bytes, comparison } of made)
      files.push({ path: `onnx/${part.name}${suffixes[form]}.onnx`, form, bytes, difference: comparison.difference });
  }
  return {
    files,
    parameters: plan.parameters.reduce((n, p) => n + sizeOf(p.shape), 0),
    companions: await missingCompanions(bundle),
  };
}

/** Each graph of a part against each file that was made of it. */
async function compare(
  { weights, contextLength }: ExportPlan,
  part: ExportPart,
  made: readonly { readonly bytes: Uint8Array; readonly comparison: Comparison }[],
  { runtime, against = runtime, signal }: ExportOptions,
): Promise<void> {
  const stop = signal ? { signal } : {};
  for (const chosen of part.graphs) {
    const constants = Object.fromEntries(chosen.parameters.map((p) => [p.name, weights[p.name]!]));
    const probes = probesFor(part, chosen, contextLength);
    const graph = await against.compile(chosen.graph, { constants, ...stop });
    try {
      for (const { bytes, comparison } of made) {
        const file: Program = await runtime.load(bytes, stop);
        try {
          await comparison.add(graph, file, probes);
        } finally {
          await file.dispose();
        }
      }
    } finally {
      await graph.dispose();
    }
  }
}

/** transformers.js wants both beside the model. */
async function missingCompanions({ source, config }: Bundle): Promise<Record<string, string>> {
  const json = (x: object): string => `${JSON.stringify(x, null, 2)}\n`;
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
