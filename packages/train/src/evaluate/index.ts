// The public names of evaluation.

export { type EvaluationTask, evaluationTasks } from './capability.ts';
export type { FieldNames } from './columns.ts';
export { type EvaluateTaskOptions, type Evaluation, evaluateTask, worstOf } from './evaluate.ts';
export type { ClassScores, EvaluationProgress, Prediction, Score } from './evaluation.ts';
export { evaluateExported, type FormScores } from './exported.ts';
export { type LabelMap, matchLabels } from './labels.ts';
