// What the files exported of a model score on the same rows: what 8 and 4 bits cost, in the measure of the task.

import type { ExportedFile, ExportForm, FileSource, Runtime } from '@yumo/core';
import type { DataFile } from '../data/readers/index.ts';
import { type EvaluateTaskOptions, type Evaluation, evaluateTask } from './evaluate.ts';

export interface FormScores {
  readonly form: ExportForm;
  /** The file measured; of encoder-decoder models the encoder's. */
  readonly path: string;
  readonly evaluation: Evaluation;
}

/**
 * Measures each form of an exported model, one after the other.
 * @param source the model's own folder: configuration and tokenizer
 * @param exported where the ONNX files lie, when that is another folder
 * @throws YumoError as {@link evaluateTask}
 */
export async function evaluateExported(
  source: FileSource,
  exported: FileSource,
  files: readonly Pick<ExportedFile, 'form' | 'path'>[],
  data: readonly DataFile[],
  runtime: Runtime,
  options: Omit<EvaluateTaskOptions, 'file'> = {},
): Promise<FormScores[]> {
  const both = withFiles(source, exported);
  const scores: FormScores[] = [];
  for (const { form, path } of files) {
    // One file stands for its pair: the name of the decoder's follows from it.
    if (!/^onnx\/(encoder_)?model(_\w+)?\.onnx$/.test(path)) continue;
    const evaluation = await evaluateTask(both, data, runtime, { ...options, file: path });
    scores.push({ form, path, evaluation });
    if (!evaluation.complete) break;
  }
  return scores;
}

/** A folder with the ONNX files of another one. */
function withFiles(source: FileSource, exported: FileSource): FileSource {
  const of = (path: string): FileSource => (path.startsWith('onnx/') ? exported : source);
  return {
    name: source.name,
    exists: (path) => of(path).exists(path),
    size: (path) => of(path).size(path),
    read: (path, options) => of(path).read(path, options),
  };
}
