// A thread that makes examples: it gets tokenizer.json and what examples are once, then groups of rows, and answers with packed examples.

import { parentPort, workerData } from 'node:worker_threads';
import { Tokenizer } from '@yumo/tokenizer';
import { type AnySetup, makerOf } from '../objectives/makers/index.ts';
import { encodedRows, type RowGroup } from './encode-rows.ts';
import { answerJobs } from './worker-pool.node.ts';

/** What the thread is started with. */
export interface EncodeOrder {
  readonly tokenizerJson: string;
  readonly setup: AnySetup;
}

if (!parentPort) throw new Error('internal: encode-worker.node runs as a worker thread only');
const { tokenizerJson, setup } = workerData as EncodeOrder;
const maker = makerOf(Tokenizer.fromJson(tokenizerJson), setup);
answerJobs(
  parentPort,
  (group: RowGroup) => encodedRows(maker, group),
  ({ bytes, index }) => [bytes.buffer, index.buffer] as ArrayBuffer[],
);
