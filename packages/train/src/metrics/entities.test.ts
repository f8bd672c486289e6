// Entity scores against seqeval, for every scheme, on tags that break the scheme too.

import { describe, expect, test } from 'vitest';
import { golden } from '../../test/metrics-golden.ts';
import { type Entity, entitiesOf, strictEntities } from './entities.ts';
import { entityF1 } from './entity-f1.ts';
import type { FScores } from './f-score.ts';
import { measure } from './metric.ts';
import { spanF1 } from './span-f1.ts';

const tuples = (entities: readonly Entity[]) => entities.map(({ type, start, end }) => [type, start, end]);

const rowsOf = (data: { expected: string[]; predicted: string[] }) =>
  data.expected.map((tags, i) => ({ expected: tags.split(' '), predicted: data.predicted[i]!.split(' ') }));

const compare = (own: FScores, reference: Record<'micro' | 'macro' | 'weighted', number[]>) => {
  for (const average of ['micro', 'macro', 'weighted'] as const) {
    const { precision, recall, f } = own[average];
    [precision, recall, f].forEach((value, i) => {
      expect(value).toBeCloseTo(reference[average][i]!, 12);
    });
  }
};

describe.each(golden().entities)('$scheme', (data) => {
  const rows = rowsOf(data);

  test('strict entities and their scores equal seqeval', () => {
    expect(rows.map((row) => tuples(strictEntities(row.expected, data.scheme)))).toEqual(data.strictEntities);
    const own = measure(entityF1(data.scheme), rows);
    compare(own, data.strict);
    expect(own.tokenAccuracy).toBeCloseTo(data.accuracy, 12);
  });
});

// seqeval's lenient mode does not know the letters of BILOU; ours does (see BMES below).
test.each(golden().entities.filter((data) => data.lenient !== undefined))(
  '$scheme: entities as conlleval reads them, and their scores, equal seqeval',
  (data) => {
    expect(rowsOf(data).map((row) => tuples(entitiesOf(row.expected)))).toEqual(data.lenientEntities);
    compare(measure(entityF1(), rowsOf(data)), data.lenient!);
  },
);

test('BMES is IOBES under other letters', () => {
  const tags = ['B-LOC', 'M-LOC', 'E-LOC', 'S-PER', 'O', 'B-PER', 'E-PER', 'B-ORG', 'O'];
  const whole = [
    ['LOC', 0, 3],
    ['PER', 3, 4],
    ['PER', 5, 7],
  ];
  expect(tuples(strictEntities(tags, 'BMES'))).toEqual(whole);
  expect(tuples(entitiesOf(tags))).toEqual([...whole, ['ORG', 7, 8]]);
});

test('tags without B, as in wikigold, form one entity per run of a type', () => {
  expect(tuples(entitiesOf(['I-ORG', 'I-ORG', 'I-PER', 'O', 'I-PER']))).toEqual([
    ['ORG', 0, 2],
    ['PER', 2, 3],
    ['PER', 4, 5],
  ]);
});

test('types with hyphens keep them', () => {
  expect(tuples(entitiesOf(['B-creative-work', 'I-creative-work']))).toEqual([['creative-work', 0, 2]]);
});

test('spans count once, by type and ends', () => {
  const span = (type: string, start: number, end: number): Entity => ({ type, start, end });
  const scores = measure(spanF1, [
    {
      expected: [span('name', 9, 12), span('company', 0, 4)],
      predicted: [span('name', 9, 12), span('name', 9, 12), span('name', 0, 4)],
    },
  ]);
  expect(scores.micro).toEqual({ precision: 0.5, recall: 0.5, f: 0.5, support: 2 });
  expect(scores.macro.f).toBeCloseTo((2 / 3 + 0) / 2, 12);
});

test('tags that do not fit are named', () => {
  expect(() => strictEntities(['S-LOC'], 'IOB2')).toThrow(
    'tag "S-LOC" is not one of IOB2; its tags begin with I, O, B',
  );
  expect(() => entitiesOf(['LOC'])).toThrow('tag "LOC" is not of the form B-TYPE');
  expect(() => strictEntities([], 'IOBSE' as 'IOBES')).toThrow('did you mean "IOBES"?');
  expect(() => measure(entityF1(), [{ expected: ['O', 'O'], predicted: ['O'] }])).toThrow(
    'a sentence has 2 tags and 1 predicted ones',
  );
});
