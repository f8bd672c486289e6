// What a bundle can be asked, by the class name in its config.json.

import { type Bundle, causalLmTypes, modelFor, seq2seqTypes, suggestion, YumoError } from '@yumo/core';

/** Tasks under the names that Hugging Face gives them. */
export const evaluationTasks = [
  'text-generation',
  'fill-mask',
  'text-classification',
  'sentence-similarity',
  'token-classification',
  'question-answering',
  'translation',
  'summarization',
] as const;
export type EvaluationTask = (typeof evaluationTasks)[number];

/** What a task is asked about, in words for messages: what the model does, and what a file must hold. */
export const taskNeeds: { readonly [K in EvaluationTask]: readonly [does: string, holds: string] } = {
  'text-generation': ['continues texts', 'texts'],
  'fill-mask': ['fills masks', 'texts'],
  'text-classification': [
    'sorts texts or pairs of texts into classes',
    'texts with labels (a table, JSON lines, or one file for each class)',
  ],
  'sentence-similarity': ['compares sentences', 'pairs of texts with a score'],
  'token-classification': ['marks entities', 'marked entities (CoNLL columns, or CLUENER’s JSON lines)'],
  'question-answering': ['answers questions from a context', 'questions with answers (SQuAD JSON)'],
  translation: ['rewrites a text', 'sources with targets (a table, JSON lines, or two files with a line each)'],
  summarization: ['rewrites a text', 'texts with summaries (a table or JSON lines)'],
};

export interface Capability {
  /** `BertForQuestionAnswering`. */
  readonly className: string;
  /** What it can be evaluated for; the first where the data do not decide. */
  readonly tasks: readonly EvaluationTask[];
  /** It answers with a number, not with a class. */
  readonly regression: boolean;
  readonly multiLabel: boolean;
}

/** @throws YumoError `CONFIG` for a model that no task is measured for */
export function capabilityOf(bundle: Bundle): Capability {
  const { config } = bundle;
  const { architecture, className } = modelFor(config);
  const count =
    typeof config.id2label === 'object' && config.id2label !== null
      ? Object.keys(config.id2label).length
      : config.num_labels;
  const regression =
    config.problem_type === 'regression' || (className.endsWith('ForSequenceClassification') && count === 1);
  const tasks = ((): readonly EvaluationTask[] => {
    if (className.endsWith('ForSequenceClassification'))
      return regression ? ['sentence-similarity'] : ['text-classification'];
    if (className.endsWith('ForTokenClassification')) return ['token-classification'];
    if (className.endsWith('ForQuestionAnswering')) return ['question-answering'];
    if (className.endsWith('ForMaskedLM')) return ['fill-mask'];
    if (seq2seqTypes.includes(architecture.modelType)) return ['translation', 'summarization'];
    if (causalLmTypes.includes(architecture.modelType) && /(?:ForCausalLM|LMHeadModel)$/.test(className))
      return ['text-generation'];
    if (/[a-z]Model$/.test(className)) return ['sentence-similarity'];
    throw new YumoError(
      'CONFIG',
      `${bundle.source.name}: nothing is measured for a ${className}; language models, classifiers, taggers, readers, translators, summarizers and sentence encoders are`,
      { className },
    );
  })();
  return { className, tasks, regression, multiLabel: config.problem_type === 'multi_label_classification' };
}

/** The task that was asked for. @throws YumoError `CONFIG` when it is unknown or not one of this model's */
export function checkedTask(asked: string, capability: Capability, name: string): EvaluationTask {
  const task = evaluationTasks.find((known) => known === asked);
  if (task === undefined)
    throw new YumoError(
      'CONFIG',
      `task "${asked}" is not known${suggestion(asked, evaluationTasks) || `; there are ${evaluationTasks.join(', ')}`}`,
      { task: asked },
    );
  if (!capability.tasks.includes(task))
    throw new YumoError(
      'CONFIG',
      `${name} is a ${capability.className}: it ${taskNeeds[capability.tasks[0]!][0]} (${capability.tasks.join(', ')}) and cannot be evaluated for ${task}`,
      { task, className: capability.className },
    );
  return task;
}
