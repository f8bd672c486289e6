// The public names of @yumo/train that run anywhere.

export { type Chart, svgOf } from './chart.ts';
export { type DifferentField, differentFields } from './compare.ts';
export { comparedChart, lossChart, lossCurves } from './curves.ts';
export { type CleanRows, type CleanRowsOptions, cleanRows } from './data/clean-rows.ts';
export * from './data/cleaning/index.ts';
export type { TextFile } from './data/corpus.ts';
export {
  type FileInspection,
  type FileOverlap,
  type Inspection,
  type InspectOptions,
  inspectData,
  type Lengths,
  type TokenCoverage,
  textOfRow,
} from './data/inspect.ts';
export * from './data/privacy/index.ts';
export * from './data/readers/index.ts';
export type { LoadedSource, SourceFile, TrainingData } from './data/sources.ts';
export { partsOf, readSources } from './data/sources.ts';
export { estimateTraining, type TrainingEstimate } from './estimate.ts';
export * from './evaluate/index.ts';
export type { TrainingEvent } from './events.ts';
export { initialValues } from './initial.ts';
export * from './language-evaluation.ts';
export * from './metrics/index.ts';
export type { Batch, BatchOrder, Metrics, Objective, Preparing, Reading, Task } from './objectives/objective.ts';
export { labelledTexts } from './objectives/sequence-classification.ts';
export * from './recipe.ts';
export * from './recipe-fields.ts';
export { rateShare } from './schedules.ts';
export * from './step.ts';
export { type Checkpoint, memoryStore, type Progress, type RunStore } from './store.ts';
export { eventFile } from './tensorboard.ts';
export { type Notice, type Plan, planTraining, runTraining, type TrainingJob } from './trainer.ts';
