// Models from their exported files, greedily continued: the same in Node and in a page.

import type { Bundle } from '../src/checkpoint/folder.ts';
import { CausalLm } from '../src/generate/decode.ts';
import { Seq2SeqLm } from '../src/generate/seq2seq.ts';
import type { Runtime } from '../src/runtimes/runtime.ts';

/** A model and which of its files are opened. */
export interface ExportedModel {
  readonly config: Readonly<Record<string, unknown>>;
  /** What an export adds to a file's name for its form: `''`, `_quantized`, `_q4`. */
  readonly suffix: string;
}

export const filesOf = ({ config, suffix }: ExportedModel): readonly string[] =>
  (config.model_type === 'marian' ? ['encoder_model', 'decoder_model_merged'] : ['model']).map(
    (name) => `onnx/${name}${suffix}.onnx`,
  );

export function openExported(bundle: Bundle, runtime: Runtime, model: ExportedModel): Promise<CausalLm | Seq2SeqLm> {
  const [first, decoder] = filesOf(model) as [string, string?];
  return decoder === undefined
    ? CausalLm.load(bundle, runtime, { file: first })
    : Seq2SeqLm.load(bundle, runtime, { files: { encoder: first, decoder } });
}

/** Two texts of unequal length at once: `[text][token, ln p …]`. */
export async function written(lm: CausalLm | Seq2SeqLm): Promise<{ ids: number[]; logProbabilities: number[] }[]> {
  const prompts = [[3], [5, 9, 2, 4]];
  const rows = prompts.map(() => ({ ids: [] as number[], logProbabilities: [] as number[] }));
  for await (const step of lm.generate(prompts, { maxNewTokens: 8, temperature: 0, endTokens: [] })) {
    if (step.kind !== 'token') continue;
    rows[step.row]!.ids.push(step.id);
    rows[step.row]!.logProbabilities.push(step.logProbability);
  }
  return rows;
}
