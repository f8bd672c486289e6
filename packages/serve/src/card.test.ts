// Cards as they are found: ours, those of model hubs, and broken ones.

import { describe, expect, it } from 'vitest';
import { readCard } from './card.ts';

describe('a card', () => {
  it('tells title, languages, licence, task, examples and results, as model hubs read them', () => {
    const good = readCard(`---
license: cc-by-sa-4.0
language:
- en
- de
pipeline_tag: translation
widget:
- text: "Hello,\\nworld"
- text: one more
model-index:
- name: x
  results:
  - task: { type: translation }
    dataset: { name: Multi30k, type: multi30k, split: test 2016 }
    metrics:
    - type: bleu
      name: sacreBLEU
      value: 33.4
    - type: chrf
      value: 55
---

# A translator

<img src="x.png">

It translates captions
of pictures.

More.
`);
    expect(good).toEqual({
      title: 'A translator',
      summary: 'It translates captions of pictures.',
      languages: ['en', 'de'],
      license: 'cc-by-sa-4.0',
      pipelineTag: 'translation',
      openings: ['Hello,\nworld', 'one more'],
      results: [
        { name: 'sacreBLEU · Multi30k test 2016', value: '33.4' },
        { name: 'chrf · Multi30k test 2016', value: '55' },
      ],
    });
  });

  it('with a line that is no YAML still tells the rest', () => {
    const card = readCard('---\nlicense: mit\nwidget:\n- text: plain: as it stands\nlanguage: zh\n---\n# T\n');
    expect(card).toMatchObject({ title: 'T', license: 'mit', languages: ['zh'] });
  });

  it('states the rows that it sets in bold where it has no model-index, how often it is right before the loss', () => {
    const { results } = readCard(
      '# x\n\n| | |\n| --- | --- |\n| Steps | 3 |\n| **Loss** (whole part) | **1.41** nats, at `7` |\n| **Accuracy** | **0.88** |\n',
    );
    expect(results).toEqual([
      { name: 'Accuracy', value: '0.88' },
      { name: 'Loss (whole part)', value: '1.41 nats, at 7' },
    ]);
  });

  it('that is empty, or wrong in every field, tells nothing and breaks nothing', () => {
    const nothing = { title: undefined, summary: '', languages: [], license: undefined, pipelineTag: undefined };
    expect(readCard('')).toMatchObject(nothing);
    expect(readCard('---\n- 1\n---\n')).toMatchObject(nothing);
    const wrong =
      '---\nlanguage: {a: 1}\nlicense: [[1]]\nwidget: 3\nmodel-index: [{results: 4}, 5, {results: [{metrics: {}}]}]\n---\n';
    expect(readCard(wrong)).toMatchObject({ ...nothing, openings: [], results: [] });
    expect(readCard('---\na: &a [1]\nb: [*a, *a]\n---\n# T').title).toBe('T');
  });
});
