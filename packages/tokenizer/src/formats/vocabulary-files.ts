// The plain vocabulary files of before tokenizer.json: vocab.txt, vocab.json with merges.txt (GPT-2: encoder.json, vocab.bpe).
import { isCount, parseJson } from '../checked-json.ts';
import { show, TokenizerError } from '../errors.ts';
import { largestId } from '../models/vocabulary.ts';

/** A file as its bytes or as text. */
export type FileContent = string | Uint8Array;

/** The text of a file. Throws TokenizerError FORMAT, naming the file, for bytes that are not UTF-8. */
export function textOf(content: FileContent, file: string): string {
  if (typeof content === 'string') return content;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw new TokenizerError('FORMAT', `${file}: not valid UTF-8`, { file }, cause);
  }
}

/** vocab.txt: one token a line, its id is the number of the line from 0. Lines end in U+000A alone: U+2028 may be a token. */
export function readVocabTxt(content: FileContent, file = 'vocab.txt'): Record<string, number> {
  const lines = textOf(content, file).split('\n');
  if (lines.at(-1) === '') lines.pop();
  const vocab = new Map<string, number>();
  lines.forEach((line, id) => {
    const token = line.endsWith('\r') ? line.slice(0, -1) : line;
    const other = vocab.get(token);
    if (other !== undefined) {
      throw new TokenizerError(
        'VOCABULARY',
        `${file}: line ${id + 1}: the token ${show(token)} is already on line ${other + 1}`,
        {
          file,
          line: id + 1,
          token,
        },
      );
    }
    vocab.set(token, id);
  });
  if (vocab.size === 0) throw new TokenizerError('FORMAT', `${file}: no tokens`, { file });
  return Object.fromEntries(vocab);
}

/** vocab.json or encoder.json: an object { token: id }. */
export function readVocabJson(content: FileContent, file = 'vocab.json'): Record<string, number> {
  const json = parseJson(textOf(content, file), file);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TokenizerError('FORMAT', `${file}: expected an object { token: id }, found ${show(json)}`, { file });
  }
  for (const [token, id] of Object.entries(json)) {
    if (!isCount(id) || id > largestId) {
      throw new TokenizerError(
        'FORMAT',
        `${file}: token ${show(token)} has id ${show(id)}; ids are whole numbers from 0 to ${largestId}`,
        {
          file,
          token,
          id,
        },
      );
    }
  }
  return json as Record<string, number>;
}

/** merges.txt or vocab.bpe: two tokens a line, best merge first; a first line that begins with `#version` is a comment. */
export function readMergesTxt(content: FileContent, file = 'merges.txt'): [string, string][] {
  const merges: [string, string][] = [];
  textOf(content, file)
    .split('\n')
    .forEach((line, i) => {
      const text = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (text === '' || (i === 0 && text.startsWith('#version'))) return;
      const pair = text.split(' ');
      if (pair.length !== 2 || pair[0] === '' || pair[1] === '') {
        throw new TokenizerError('FORMAT', `${file}: line ${i + 1}: expected two tokens, found ${show(text)}`, {
          file,
          line: i + 1,
        });
      }
      merges.push(pair as [string, string]);
    });
  return merges;
}
