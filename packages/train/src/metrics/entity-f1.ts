// F1 of entities, as seqeval counts it: an entity is right when its type and both ends are.

import { YumoError } from '@yumo/core';
import { type Entity, entitiesOf, strictEntities, type TagScheme } from './entities.ts';
import type { Metric } from './metric.ts';
import { byType, type EntityScores } from './span-f1.ts';

/** One sentence: a tag per token on both sides. Predictions for sub-words and padding are dropped before. */
export interface TagsRow {
  readonly expected: readonly string[];
  readonly predicted: readonly string[];
}

export interface TagsScores extends EntityScores {
  /** Share of tokens with the right tag. */
  readonly tokenAccuracy: number;
}

interface Part {
  readonly expected: readonly Entity[];
  readonly predicted: readonly Entity[];
  readonly tokens: number;
  readonly right: number;
}

/**
 * @param scheme counts only entities that obey this scheme (seqeval's strict mode); without it, runs of tags as conlleval sees them.
 * @throws YumoError `DATA` when a row's sides differ in length, or a tag does not fit.
 */
export const entityF1 = (scheme?: TagScheme): Metric<TagsRow, Part, TagsScores> => ({
  name: scheme === undefined ? 'entity F1' : `entity F1 (${scheme}, strict)`,
  part: ({ expected, predicted }) => {
    if (expected.length !== predicted.length)
      throw new YumoError(
        'DATA',
        `entity F1: a sentence has ${expected.length} tags and ${predicted.length} predicted ones`,
        {
          expected,
          predicted,
        },
      );
    const read = (tags: readonly string[]): Entity[] =>
      scheme === undefined ? entitiesOf(tags) : strictEntities(tags, scheme);
    return {
      expected: read(expected),
      predicted: read(predicted),
      tokens: expected.length,
      right: expected.filter((tag, i) => tag === predicted[i]).length,
    };
  },
  result: (parts) => {
    const sum = (of: (part: Part) => number): number => parts.reduce((total, part) => total + of(part), 0);
    const tokens = sum((part) => part.tokens);
    return { ...byType(parts), tokenAccuracy: tokens === 0 ? 0 : sum((part) => part.right) / tokens };
  },
});
