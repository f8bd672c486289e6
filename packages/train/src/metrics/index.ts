// The metrics of @yumo/train.

export { accuracy, type LabelRow, type ScoresRow, topAccuracy } from './accuracy.ts';
export { type Bleu, type BleuOptions, type BleuSmoothing, bleu, type TranslationRow, tokenizedBleu } from './bleu.ts';
export { type BleuTokenizer, bleuTokenizers } from './bleu-tokenizers.ts';
export { type BootstrapOptions, bootstrap, type Comparison, type Interval, pairedBootstrap } from './bootstrap.ts';
export { cmrc } from './chinese-answers.ts';
export { type Chrf, type ChrfOptions, chrf } from './chrf.ts';
export { type Confusion, confusionMatrix, type Label } from './confusion.ts';
export { pearson, type RegressionErrors, regressionErrors, spearman, type ValueRow } from './correlation.ts';
export { type Entity, entitiesOf, strictEntities, type TagScheme } from './entities.ts';
export { entityF1, type TagsRow, type TagsScores } from './entity-f1.ts';
export {
  type FScoreOptions,
  type FScores,
  fScore,
  type LabelSetRow,
  multiLabelFScore,
  type Scores,
  subsetAccuracy,
} from './f-score.ts';
export { matthews } from './matthews.ts';
export { type Accumulator, accumulate, type Metric, measure } from './metric.ts';
export { type LikelihoodRow, type Perplexity, perplexity } from './perplexity.ts';
export {
  type AnswerRow,
  type AnswerScores,
  normalizeAnswer,
  type OptionalAnswerScores,
  squad,
  squad2,
} from './question-answering.ts';
export { type RankedRow, type Ranking, type RankingOptions, ranking } from './ranking.ts';
export { averagePrecision, type ClassScoresRow, type RocCurve, roc, rocOneVersusRest, type ScoredRow } from './roc.ts';
export { type Rouge, type RougeOptions, type RougeScore, rouge, type SummaryRow } from './rouge.ts';
export { type EntityScores, type SpansRow, spanF1 } from './span-f1.ts';
