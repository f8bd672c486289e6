// The readers of @yumo/train.

export { type DataFile, textOf, unpacked } from './bytes.ts';
export { type Detected, detectFormat, type Format, formats } from './detect.ts';
export { readParallel } from './parallel.ts';
export { type ReadFile, type ReadOptions, readData } from './read.ts';
export type { OnBadRow, Problem, ReadReport } from './report.ts';
export type {
  Answer,
  ChatRow,
  ClassificationRow,
  DataRow,
  InstructionRow,
  Message,
  PairRow,
  PreferenceRow,
  QuestionRow,
  RecordRow,
  SequenceRow,
  SpansRow as MarkedTextRow,
  TaggingRow,
  TextRow,
} from './rows.ts';
export type { TableOptions } from './table.ts';
export {
  type ClassificationFields,
  classificationRows,
  type PairFields,
  pairRows,
  type SequenceFields,
  sequenceRows,
  type TaskOptions,
  type TaskRows,
} from './tasks.ts';
export { isZip, unzipped } from './zip.ts';
