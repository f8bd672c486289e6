// A bundle's graph as ONNX files that transformers.js, Optimum and onnxruntime open, each checked against the graph it came from.

import type { Bundle } from '../checkpoint/folder.ts';
import { throwIfAborted } from '../errors.ts';
import { toOnnx } from '../lower/onnx/model.ts';
import type { Program, Runtime } from '../runtimes/runtime.ts';
import { sizeOf } from '../value.ts';
import { planExport } from './plan.ts';
import { compareOnProbe, type ProbeDifference } from './probe.ts';

export interface ExportOptions {
  /** Runs the files, to compare. Must load ONNX files. */
  readonly runtime: Runtime;
  /** Runs the graph that the files are compared with; the same runtime by default. `referenceRuntime` is the strictest, and slow. */
  readonly against?: Runtime | undefined;
  /** `float32`: onnx/model.onnx; `int8`: onnx/model_quantized.onnx. Both by default. */
  readonly forms?: readonly ExportForm[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type ExportForm = 'float32' | 'int8';

/** Where transformers.js looks for each form (its `dtype` `fp32` and `q8`). */
const paths: Readonly<Record<ExportForm, string>> = { float32: 'onnx/model.onnx', int8: 'onnx/model_quantized.onnx' };

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
  const { runtime, against = runtime, forms = ['float32', 'int8'], signal } = options;
  const stop = signal ? { signal } : {};
  const plan = await planExport(bundle, { signal });
  const { graph, weights: constants, int64Inputs } = plan;
  const files: ExportedFile[] = [];
  const original = await against.compile(graph, { constants, ...stop });
  try {
    for (const form of forms) {
      throwIfAborted(signal, `exporting ${bundle.source.name}`);
      const bytes = toOnnx(graph, { constants, int64Inputs, quantize: form === 'int8' });
      const file: Program = await runtime.load(bytes, stop);
      try {
        files.push({ path: paths[form], form, bytes, difference: await compareOnProbe(plan, original, file) });
      } finally {
        await file.dispose();
      }
    }
  } finally {
    await original.dispose();
  }
  return {
    files,
    parameters: plan.parameters.reduce((n, p) => n + sizeOf(p.shape), 0),
    companions: await missingCompanions(bundle),
  };
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
