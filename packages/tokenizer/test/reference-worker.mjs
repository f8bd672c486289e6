// Runs the Rust library in a process of its own, for some inputs abort the process. One JSON request a line, one answer a line:
// { load: file } or { json: text of a tokenizer.json }, then { texts } or { cases: [text, pair or null, add special tokens] }.
import { createInterface } from 'node:readline';
import tokenizers from 'tokenizers';

let tokenizer;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await answer(request))}\n`);
}

async function answer(request) {
  try {
    if (request.load !== undefined) tokenizer = tokenizers.Tokenizer.fromFile(request.load);
    if (request.json !== undefined) tokenizer = tokenizers.Tokenizer.fromString(request.json);
  } catch (error) {
    return { error: error.message };
  }
  const answers = [];
  for (const text of request.texts ?? []) answers.push(await withText(await tokenizer.encode(text)));
  for (const [text, pair, addSpecialTokens] of request.cases ?? []) {
    try {
      answers.push(await withText(await tokenizer.encode(text, pair, { addSpecialTokens }), true));
    } catch (error) {
      answers.push({ error: error.message });
    }
  }
  return answers;
}

async function withText(encoding, all = false) {
  const ids = encoding.getIds();
  // Some decoders abort the process on an empty list.
  const decode = async (skip) => (ids.length === 0 ? '' : await tokenizer.decode(ids, skip));
  const columns = { ...columnsOf(encoding), decoded: await decode(false), plain: await decode(true) };
  if (!all) return columns;
  return {
    ...columns,
    ...marksOf(encoding),
    windows: encoding.getOverflowing().map((w) => ({ ...columnsOf(w), ...marksOf(w) })),
  };
}

function columnsOf(encoding) {
  return {
    ids: encoding.getIds(),
    tokens: encoding.getTokens(),
    offsets: encoding.getOffsets().flat(),
    words: encoding.getWordIds().map((word) => word ?? -1),
  };
}

function marksOf(encoding) {
  return {
    types: encoding.getTypeIds(),
    attention: encoding.getAttentionMask(),
    special: encoding.getSpecialTokensMask(),
    sequences: encoding.getSequenceIds().map((sequence) => sequence ?? -1),
  };
}
