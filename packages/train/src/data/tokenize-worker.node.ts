// A thread that encodes texts: it gets tokenizer.json once, then groups of texts, and answers with their ids.

import { parentPort, workerData } from 'node:worker_threads';
import { Tokenizer } from '@yumo/tokenizer';
import { type FromTokenizer, tokenizeGroup } from './tokenize.node.ts';

if (!parentPort) throw new Error('internal: tokenize-worker.node runs as a worker thread only');
const port = parentPort;
const tokenizer = Tokenizer.fromJson(workerData as string);
port.on('message', (texts: readonly string[]) => {
  try {
    const answer = tokenizeGroup(tokenizer, texts);
    port.postMessage(answer satisfies FromTokenizer, [answer.ids.buffer, answer.lengths.buffer] as ArrayBuffer[]);
  } catch (error) {
    port.postMessage({ failed: error instanceof Error ? error.message : String(error) } satisfies FromTokenizer);
  }
});
