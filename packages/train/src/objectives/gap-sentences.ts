// Gap sentences, the pre-training of PEGASUS (Zhang et al. 2020, arXiv:1912.08777, §3.1): write the sentence of a passage that says most of the rest.

import { YumoError } from '@yumo/core';
import { textPartsOf } from '../data/documents.ts';
import { bothParts } from '../data/kept.ts';
import type { SequenceRow } from '../data/readers/rows.ts';
import { type RougeOptions, rougeTokens, unigramScore } from '../metrics/rouge.ts';
import type { Objective } from './objective.ts';
import { sequenceReading } from './sequence-reading.ts';

/** Sentences by the rules of Unicode (UAX #29). */
const segmenter = new Intl.Segmenter('und', { granularity: 'sentence' });

/** Fewer than this leave too little to write a sentence from. */
const fewestSentences = 3;

/**
 * Passages of at most `sentences` sentences, each without the one whose ROUGE-1 F with the others is highest (the paper's "Ind-Orig"). It is
 * left out, not replaced by a mask, so that sources look like the texts that will be summarized.
 */
export function gapsOf(
  text: string,
  sentences: number,
  language: NonNullable<RougeOptions['language']>,
): SequenceRow[] {
  const all = Array.from(segmenter.segment(text.trim()), ({ segment }) => segment);
  const rows: SequenceRow[] = [];
  for (let from = 0; from + fewestSentences <= all.length; from += sentences) {
    const passage = all.slice(from, from + sentences);
    if (passage.length < fewestSentences) break;
    const tokens = passage.map((sentence) => rougeTokens(sentence, { language }));
    const scores = tokens.map((own, i) => unigramScore(tokens.filter((_, j) => j !== i).flat(), own).f);
    const best = scores.indexOf(Math.max(...scores));
    rows.push({
      task: 'sequence-to-sequence',
      source: passage.toSpliced(best, 1).join('').trim(),
      targets: [passage[best]!.trim()],
    });
  }
  return rows;
}

export const gapSentences: Objective<'gap-sentences'> = async (given) => {
  const { note, objective } = given;
  const texts = await textPartsOf(given);
  const { sentences } = objective;
  const language = objective.language.startsWith('zh') ? 'characters' : 'english';
  const parts = await texts.keeper.derived(
    texts,
    JSON.stringify(['gaps', sentences, language]),
    (text, tell) => {
      const rows = gapsOf(text, sentences, language);
      if (rows.length === 0) tell(`texts of fewer than ${fewestSentences} sentences, left out`, 1);
      return rows;
    },
    note,
  );
  for (const part of bothParts)
    if (parts[part].length === 0)
      throw new YumoError(
        'DATA',
        `data: no text of the ${part} part has ${fewestSentences} sentences, and gap-sentences learns from the sentences of one text; give longer texts ("unit": "paragraph" reads paragraphs instead of lines)`,
        { part },
      );
  return sequenceReading(given, parts, 'text2text-generation');
};
