// The public names of @yumo/train in a browser: everything universal, and training in a worker with runs in the page's private files.

export * from './index.ts';
export { readMemoryData } from './memory-data.ts';
export { type FolderHandle, privateFiles, privateSource } from './private-folder.web.ts';
export { type OpenPrivateRun, openPrivateRun } from './run.web.ts';
export { type BrowserTraining, serveTraining, type WorkerOptions } from './worker.web.ts';
export { type TrainingWorker, trainInWorker } from './worker-client.web.ts';
