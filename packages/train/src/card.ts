// The model card: what was trained, on what, how well, and how to train it again.

import type { RunFacts } from './bundle.ts';
import type { TrainingEvent } from './events.ts';
import type { Recipe } from './recipe.ts';

const thousands = (n: number): string => n.toLocaleString('en-US');
const rounded = (x: number | null, digits = 4): string => (x === null ? '–' : x.toFixed(digits));

/** The files of a recipe's data, as its author named them. */
const filesOf = ({ data }: Recipe): string =>
  [...new Set(data.kind === 'text' ? data.files : data.train.flatMap((s) => [...s.files, ...(s.targets ?? [])]))]
    .map((f) => `\`${f}\``)
    .join(', ');

/** README.md of a bundle, with the front matter that the model hub reads. Every number in it was measured by the run. */
export function modelCard({
  recipe,
  reading,
  tokenizer,
  model,
  task,
  parameters,
  events,
  progress,
  runtime,
}: RunFacts): string {
  const size = parameters.reduce((n, p) => n + p.shape.reduce((m, d) => m * d, 1), 0);
  const lastStep = events.findLast((e) => e.kind === 'step');
  const sample = events.findLast((e) => e.kind === 'sample');
  const notices = events.filter((e) => e.kind === 'notice');
  const finished = events.at(-1)?.kind === 'done';
  const { facts } = task;
  const amount = (tokens: number, examples: number | undefined): string =>
    `${examples === undefined ? '' : `${thousands(examples)} examples, `}${thousands(tokens)} tokens`;
  const characters = facts.validationCharacters;
  const measures = Object.entries(progress.bestMetrics ?? {}).map(([name, value]): [string, string] => [
    `**${measureNames[name] ?? name}**`,
    `**${rounded(value)}**`,
  ]);
  const rows: [string, string][] = [
    ['Architecture', `${model.className} (\`${model.architecture.modelType}\`)`],
    ['Parameters', thousands(size)],
    ['Vocabulary', `${thousands(tokenizer.vocabularySize)} tokens (${recipe.tokenizer.kind})`],
    ['Context', `${thousands(model.context)} tokens`],
    ...(recipe.init ? [['Started from', `\`${recipe.init.from}\``] as [string, string]] : []),
    ['Objective', recipe.objective.kind],
    ['Training data', `${amount(facts.trainingTokens, facts.trainingExamples)} of ${filesOf(recipe)}`],
    [
      'Validation data',
      `${amount(facts.validationTokens, facts.validationExamples)}${characters === undefined ? '' : `, ${thousands(characters)} characters`}`,
    ],
    [
      'Optimizer',
      `${recipe.optimizer.kind}, ${recipe.schedule.kind} schedule, ${thousands(Math.round(facts.tokensPerStep))} tokens a step`,
    ],
    ['Steps', `${thousands(progress.step)} of ${thousands(recipe.steps)}${finished ? '' : ' (not finished)'}`],
    ['Computed by', runtime],
    ['Computing time', `${thousands(Math.round(progress.seconds))} s, evaluations included${waitingShare(events)}`],
    ['Training loss of the last step', `${rounded(lastStep?.loss ?? null)} nats per label`],
    [
      '**Validation loss** (whole part)',
      `**${rounded(progress.bestLoss)}** nats per label, at step ${progress.bestStep ?? '–'}`,
    ],
    ...measures,
  ];
  return `---
license: ${recipe.license}
language: [${recipe.language.join(', ')}]
pipeline_tag: ${reading.pipeline}
library_name: transformers
tags: [yumo]
${reading.pipeline === 'text-generation' ? `widget:\n- text: ${JSON.stringify(recipe.samplePrompt)}\n` : ''}---

# ${recipe.name}

${[recipe.description || 'A model trained with yumo.', ...Object.values(recipe.translations)].join('\n\n')}
${reading.pipeline === 'text-generation' ? '\nIt continues text; it was not taught to follow instructions or to state facts.\n' : ''}
| | |
| --- | --- |
${rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}

![Training and validation loss by step](training/curves.svg)
${sample ? `\nA sample at step ${sample.step}:\n\n\`\`\`text\n${(sample.prompt + sample.text).trim()}\n\`\`\`\n` : ''}${
  notices.length > 0
    ? `\nWhat was counted while the data were read:\n\n${notices.map((n) => `- ${thousands(n.count)}: ${n.text}`).join('\n')}\n`
    : ''
}
Measured on the validation part; the weights are those of the best evaluation (by ${recipe.best}). To train it again: \`yumo train\` with
[training/recipe.json](training/recipe.json).
`;
}

/** How much of the steps' time was spent waiting for batches. */
function waitingShare(events: readonly TrainingEvent[]): string {
  const steps = events.filter((e) => e.kind === 'step');
  const seconds = steps.reduce((sum, e) => sum + e.seconds, 0);
  if (seconds === 0) return '';
  const waited = steps.reduce((sum, e) => sum + e.dataSeconds, 0);
  return `; ${((100 * waited) / seconds).toPrecision(2)} % of the steps' time waiting for data`;
}

/** What a reader calls a measure. */
const measureNames: Readonly<Record<string, string>> = {
  lossPerCharacter: 'The same per character',
  perplexity: 'Perplexity',
  accuracy: 'Accuracy',
  exactMatch: 'Exact match, %',
  bleu: 'BLEU',
  f1: 'F1',
};
