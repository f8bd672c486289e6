// A tokenizer from the files of a model's folder, whatever there is of them.
import { CheckedJson, parseJson } from '../checked-json.ts';
import { Tokenizer } from '../tokenizer.ts';
import { added } from './parts.ts';
import { classToJson, guessClass, type TokenizerFiles } from './tokenizer-classes.ts';
import type { AddedTokenJson, TokenizerJson } from './tokenizer-json.ts';
import { textOf } from './vocabulary-files.ts';

const roles = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;

/** What special tokens are for, as tokenizer_config.json says it. */
export type SpecialTokenRoles = Partial<Record<(typeof roles)[number], { token: string; id: number }>>;

/** A tokenizer with what else its folder says. */
export interface TokenizerFolder {
  readonly tokenizer: Tokenizer;
  readonly specialTokens: SpecialTokenRoles;
  /** Jinja template of the model's chat format; several by name where the file has several. */
  readonly chatTemplate: string | Readonly<Record<string, string>> | null;
  /** Most tokens that the model takes. */
  readonly maxLength: number | null;
  /** Whether text is cleaned up after decoding (`cleanUp` of `decode`). */
  readonly cleanUp: boolean;
}

/**
 * Reads a tokenizer from the files of a model's folder: tokenizer.json, or the older files of its class. Also read are
 * tokenizer_config.json, special_tokens_map.json, added_tokens.json and chat_template.jinja.
 *
 * @param files contents by file name; binary files as bytes.
 */
export function tokenizerFromFiles(files: TokenizerFiles): TokenizerFolder {
  const config = readConfig(files);
  const content = files['tokenizer.json'];
  const json =
    content === undefined
      ? classToJson(config.has('tokenizer_class') ? config.string('tokenizer_class') : guessClass(files), files, config)
      : (parseJson(textOf(content, 'tokenizer.json'), 'tokenizer.json') as TokenizerJson);
  const tokenizer = Tokenizer.fromJson(withAddedTokens(json, files, config));
  const specialTokens: SpecialTokenRoles = {};
  for (const role of roles) {
    const name = `${role}_token`;
    if (!config.has(name)) continue;
    const token = typeof config.get(name) === 'string' ? config.string(name) : config.object(name).string('content');
    const id = tokenizer.tokenToId(token);
    if (id !== undefined) specialTokens[role] = { token, id };
  }
  const maxLength = config.get('model_max_length');
  return {
    tokenizer,
    specialTokens,
    chatTemplate: readChatTemplate(files, config),
    // Files write 10³⁰ for "no limit".
    maxLength: typeof maxLength === 'number' && maxLength < 1e9 ? maxLength : null,
    cleanUp: config.boolean('clean_up_tokenization_spaces', false),
  };
}

/** tokenizer_config.json, completed by special_tokens_map.json. */
function readConfig(files: TokenizerFiles): CheckedJson {
  const read = (name: string): Readonly<Record<string, unknown>> => {
    const content = files[name];
    return content === undefined ? {} : new CheckedJson(parseJson(textOf(content, name), name), name).value;
  };
  return new CheckedJson(
    { ...read('special_tokens_map.json'), ...read('tokenizer_config.json') },
    'tokenizer_config.json',
  );
}

function withAddedTokens(json: TokenizerJson, files: TokenizerFiles, config: CheckedJson): TokenizerJson {
  const list = new Map(
    (Array.isArray(json.added_tokens) ? json.added_tokens : []).map((token) => [token.content, token]),
  );
  if (config.has('added_tokens_decoder')) {
    const decoder = config.object('added_tokens_decoder');
    for (const id of Object.keys(decoder.value)) {
      const token = decoder.object(id);
      const flag = (name: string, usual: boolean) => token.boolean(name, usual);
      const content = token.string('content');
      const special = flag('special', false);
      const flags: Partial<AddedTokenJson> = {
        special,
        normalized: flag('normalized', !special),
        lstrip: flag('lstrip', false),
        rstrip: flag('rstrip', false),
        single_word: flag('single_word', false),
      };
      if (!list.has(content)) list.set(content, added(Number(id), content, flags));
    }
  }
  const more = files['added_tokens.json'];
  if (more !== undefined) {
    const tokens = new CheckedJson(
      parseJson(textOf(more, 'added_tokens.json'), 'added_tokens.json'),
      'added_tokens.json',
    );
    for (const content of Object.keys(tokens.value)) {
      if (!list.has(content))
        list.set(content, added(tokens.count(content), content, { special: false, normalized: true }));
    }
  }
  return { ...json, added_tokens: [...list.values()] };
}

function readChatTemplate(files: TokenizerFiles, config: CheckedJson): TokenizerFolder['chatTemplate'] {
  const file = files['chat_template.jinja'];
  if (file !== undefined) return textOf(file, 'chat_template.jinja');
  if (!config.has('chat_template')) return null;
  if (typeof config.get('chat_template') === 'string') return config.string('chat_template');
  const named = config
    .list('chat_template')
    .map((entry, i) => new CheckedJson(entry, `tokenizer_config.json.chat_template[${i}]`));
  return Object.fromEntries(named.map((entry) => [entry.string('name'), entry.string('template')]));
}
