// The public names of @yumo/train in Node: everything universal, and training on disk in a worker thread.

export { readDataFiles, readTextFiles, readTrainingData } from './data/files.node.ts';
export { estimate, type NodeEstimateOptions } from './estimate.node.ts';
export * from './index.ts';
export { type ListedRecipe, listRecipes } from './recipes.node.ts';
export { readEvents } from './run.node.ts';
export { listRuns, type RunSummary, summarizeRun } from './runs.node.ts';
export {
  loadRecipe,
  type NodeResumeOptions,
  type NodeTrainOptions,
  readRecipe,
  recipeFolders,
  resume,
  train,
} from './train.node.ts';
