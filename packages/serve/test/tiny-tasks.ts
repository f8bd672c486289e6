// A folder with one tiny random model for each task, as users would put them into models/.

import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyFolder } from '../../core/test/tiny-heads.ts';

export { sentences } from '../../core/test/tiny-heads.ts';

type Json = Readonly<Record<string, unknown>>;

const kinds: Readonly<Record<string, readonly [...Parameters<typeof tinyFolder>, card?: string]>> = {
  'tiny-reader': [
    'bert',
    'BertForQuestionAnswering',
    {},
    `---
language: [en]
license: apache-2.0
model-index:
- name: tiny-reader
  results:
  - task: {type: question-answering}
    dataset: {name: SQuAD sample, type: squad, split: test}
    metrics:
    - {type: f1, name: F1, value: 12.5}
---
# Tiny reader

Random numbers that point at places of a text.
`,
  ],
  'tiny-sentiment': [
    'bert',
    'BertForSequenceClassification',
    { id2label: { 0: 'negative', 1: 'positive' } },
    '---\nlanguage: en\n---\n# Tiny sentiment\n\n| | |\n| --- | --- |\n| Steps | 0 |\n| **Accuracy** (test) | **50.0** % |\n',
  ],
  'tiny-names': [
    'bert',
    'BertForTokenClassification',
    { id2label: { 0: 'O', 1: 'PER', 2: 'ORG', 3: 'LOC', 4: 'TIME' } },
    '---\nlanguage: [en]\n---\n# Tiny names\n',
  ],
  'tiny-en-de': [
    'marian',
    'MarianMTModel',
    {},
    '---\nlanguage: [en, de]\npipeline_tag: translation\n---\n# Tiny English to German\n',
  ],
  'tiny-both-ways': [
    't5',
    'T5ForConditionalGeneration',
    {
      task_specific_params: {
        translation_en_to_zh: { prefix: 'to Chinese: ' },
        translation_zh_to_en: { prefix: 'to English: ' },
      },
    },
  ],
  'tiny-summary': [
    'bart',
    'BartForConditionalGeneration',
    { task_specific_params: { summarization: { prefix: 'sum: ' } } },
    '---\nlanguage: [en]\npipeline_tag: summarization\n---\n# Tiny summary\n',
  ],
};
export const tinyTaskModels: readonly string[] = Object.keys(kinds);

/** Writes one model, or all of them, below `folder`. A random model does not know when to stop: it is told. */
export async function writeTinyTasks(folder: string, names: readonly string[] = tinyTaskModels): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of names) {
    const [family, className, more, card] = kinds[name]!; // names are those of the table
    const made = await tinyFolder(family, className, more as Json);
    if (card) await writeFile(join(made, 'README.md'), card);
    await writeFile(join(made, 'generation_config.json'), JSON.stringify({ max_new_tokens: 6 }));
    await cp(made, join(folder, name), { recursive: true });
    await rm(made, { recursive: true });
  }
}
