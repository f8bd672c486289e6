// Runs the Rust library in a process of its own, for some inputs abort the process. One JSON request a line, one answer a line.
import { createInterface } from 'node:readline';
import tokenizers from 'tokenizers';

let tokenizer;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.load !== undefined) {
    tokenizer = tokenizers.Tokenizer.fromFile(request.load);
    process.stdout.write('{}\n');
    continue;
  }
  const answers = [];
  for (const text of request.texts) {
    const encoding = await tokenizer.encode(text);
    const ids = encoding.getIds();
    answers.push({
      ids,
      tokens: encoding.getTokens(),
      offsets: encoding.getOffsets().flat(),
      words: encoding.getWordIds().map((word) => word ?? -1),
      // Some decoders abort the process on an empty list.
      decoded: ids.length === 0 ? '' : await tokenizer.decode(ids, false),
      plain: ids.length === 0 ? '' : await tokenizer.decode(ids, true),
    });
  }
  process.stdout.write(`${JSON.stringify(answers)}\n`);
}
