// What a model says without any server or page: `node alone.mjs '{"task": …, "folder": …, "input": […], "options": {…}}'` prints JSON.
// A program of its own, because the test runner would rewrite every module that it imports.

import {
  diskSource,
  onnxruntimeNode,
  QuestionAnswerer,
  TextClassifier,
  TextToText,
  TokenClassifier,
} from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';

const classes = { ask: QuestionAnswerer, classify: TextClassifier, rewrite: TextToText, tag: TokenClassifier };
const { task, folder, input, options } = JSON.parse(process.argv[2] ?? '');
const runtime = await onnxruntimeNode({ threads: 1 });
const model = await classes[task].load(diskSource(folder), runtime, {
  tokenizer: (json) => Tokenizer.fromJson(json),
});
console.log(JSON.stringify(await model.run(input, options)));
await model.dispose();
