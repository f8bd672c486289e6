// The public names of @yumo/train in Node: everything universal, and training on disk in a worker thread.

export { cacheFolder } from './cache-folder.node.ts';
export { findFiles, readRawFiles, readTextFiles, readTrainingData } from './data/files.node.ts';
export { readDataFiles } from './data/read-files.node.ts';
export { type StreamedCorpus, type StreamedCorpusOptions, streamedCorpus } from './data/streamed-corpus.node.ts';
export { estimate, type NodeEstimateOptions } from './estimate.node.ts';
export * from './index.ts';
export { pngOf } from './png.node.ts';
export { type ListedRecipe, listRecipes } from './recipes.node.ts';
export { readEvents } from './run.node.ts';
export { listRuns, type RunSummary, summarizeRun } from './runs.node.ts';
export {
  loadRecipe,
  type NodeResumeOptions,
  type NodeTrainOptions,
  readRecipe,
  readTokenizer,
  recipeFolders,
  resume,
  train,
} from './train.node.ts';
