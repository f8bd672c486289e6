// The model card: what was trained, on what, how well, and how to train it again.

import type { RunFacts } from './bundle.ts';

const thousands = (n: number): string => n.toLocaleString('en-US');
const rounded = (x: number | null, digits = 4): string => (x === null ? '–' : x.toFixed(digits));

/** README.md of a bundle, with the front matter that the model hub reads. Every number in it was measured by the run. */
export function modelCard({
  recipe,
  tokenizer,
  model,
  parameters,
  corpus,
  events,
  progress,
  runtime,
}: RunFacts): string {
  const size = parameters.reduce((n, p) => n + p.shape.reduce((m, d) => m * d, 1), 0);
  const lastStep = events.findLast((e) => e.kind === 'step');
  const sample = events.findLast((e) => e.kind === 'sample');
  const finished = events.at(-1)?.kind === 'done';
  const tokensPerStep = recipe.batch * recipe.accumulate * model.context;
  const rows: [string, string][] = [
    ['Architecture', `${model.architecture.className} (\`${model.architecture.modelType}\`)`],
    ['Parameters', thousands(size)],
    ['Vocabulary', `${thousands(tokenizer.vocabularySize)} tokens (${recipe.tokenizer.kind})`],
    ['Context', `${thousands(model.context)} tokens`],
    [
      'Training text',
      `${thousands(corpus.training.length)} tokens of ${recipe.data.files.map((f) => `\`${f}\``).join(', ')}`,
    ],
    [
      'Validation text',
      `${thousands(corpus.validation.length)} tokens, ${thousands(corpus.validationCharacters)} characters`,
    ],
    [
      'Optimizer',
      `${recipe.optimizer.kind}, ${recipe.schedule.kind} schedule, ${thousands(tokensPerStep)} tokens a step`,
    ],
    ['Steps', `${thousands(progress.step)} of ${thousands(recipe.steps)}${finished ? '' : ' (not finished)'}`],
    ['Computed by', runtime],
    ['Computing time', `${thousands(Math.round(progress.seconds))} s, evaluations included`],
    ['Training loss of the last step', `${rounded(lastStep?.loss ?? null)} nats per token`],
    [
      '**Validation loss** (whole part)',
      `**${rounded(progress.bestLoss)}** nats per token, at step ${progress.bestStep ?? '–'}`,
    ],
    ['**The same per character**', `**${rounded(progress.bestLossPerCharacter)}** nats`],
  ];
  return `---
license: ${recipe.license}
language: [${recipe.language.join(', ')}]
pipeline_tag: text-generation
library_name: transformers
tags: [yumo]
widget:
- text: ${JSON.stringify(recipe.samplePrompt)}
---

# ${recipe.name}

${recipe.description || 'A language model trained with yumo.'}

It continues text; it was not taught to follow instructions or to state facts.

| | |
| --- | --- |
${rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}

![Training and validation loss by step](training/curves.svg)
${sample ? `\nA sample at step ${sample.step}:\n\n\`\`\`text\n${(sample.prompt + sample.text).trim()}\n\`\`\`\n` : ''}
The validation loss is taken over every token of the validation part but the first, in windows of the context length.
The weights are those of the best evaluation. To train it again: \`yumo train\` with [training/recipe.json](training/recipe.json).
`;
}
