// A thread that encodes texts: it gets tokenizer.json once, then groups of texts, and answers with their ids.

import { parentPort, workerData } from 'node:worker_threads';
import { Tokenizer } from '@yumo/tokenizer';
import { tokenizeGroup } from './tokenize.node.ts';
import { answerJobs } from './worker-pool.node.ts';

if (!parentPort) throw new Error('internal: tokenize-worker.node runs as a worker thread only');
const tokenizer = Tokenizer.fromJson(workerData as string);
answerJobs(
  parentPort,
  (texts: readonly string[]) => tokenizeGroup(tokenizer, texts),
  ({ ids, lengths }) => [ids.buffer, lengths.buffer] as ArrayBuffer[],
);
