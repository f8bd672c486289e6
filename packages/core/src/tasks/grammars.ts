// Grammars compiled for the vocabulary of one model, each once.

import type { Bundle } from '../checkpoint/folder.ts';
import type { Constraint } from '../generate/grammar/constraint.ts';
import { compileGrammar, type Grammar } from '../generate/grammar/grammar.ts';
import { type TokenVocabulary, tokenVocabulary } from '../generate/grammar/vocabulary.ts';

/** Grammars that are kept, with what was learnt of their states; the oldest go. */
const mostKept = 16;

export class Grammars {
  readonly #bundle: Bundle;
  readonly #fromStart: boolean;
  #vocabulary: Promise<readonly [inside: TokenVocabulary, first: TokenVocabulary]> | undefined;
  readonly #kept = new Map<string, Constraint>();

  /** @param fromStart a text begins with the first token that is written, and not with a prompt */
  constructor(bundle: Bundle, { fromStart }: { readonly fromStart: boolean }) {
    this.#bundle = bundle;
    this.#fromStart = fromStart;
  }

  /** @throws YumoError `CONFIG` for the grammar, `TOKENIZER` for a vocabulary whose tokens are not known as bytes, `FILE`. */
  async compiled(grammar: Grammar): Promise<Constraint> {
    const key = JSON.stringify(grammar);
    const known = this.#kept.get(key);
    if (known) {
      this.#kept.delete(key); // the youngest stands last
      this.#kept.set(key, known);
      return known;
    }
    this.#vocabulary ??= this.#read();
    const made = compileGrammar(grammar, ...(await this.#vocabulary));
    this.#kept.set(key, made);
    if (this.#kept.size > mostKept) this.#kept.delete(this.#kept.keys().next().value!); // not empty
    return made;
  }

  async #read(): Promise<readonly [TokenVocabulary, TokenVocabulary]> {
    const json = await this.#bundle.tokenizerJson();
    const inside = tokenVocabulary(json);
    return [inside, this.#fromStart ? tokenVocabulary(json, { at: 'start' }) : inside];
  }
}
