// One typed row per task: what readers make of files, and what objectives and metrics take.

import type { Entity } from '../../metrics/entities.ts';

/** Text without more structure: a line, a paragraph or a document. */
export interface TextRow {
  readonly task: 'text';
  readonly text: string;
}

/** A row of a table or an object of a JSON list, with its fields as they stand. {@link classificationRows} and its siblings make tasks of them. */
export interface RecordRow {
  readonly task: 'record';
  readonly fields: Readonly<Record<string, unknown>>;
  /** Where it stands in the file, from 1. Of JSON lists the number of the item. */
  readonly line: number;
}

export interface ClassificationRow {
  readonly task: 'classification';
  readonly text: string;
  readonly label: string;
}

/** Two texts and how they relate: inference (label) or similarity (score). */
export interface PairRow {
  readonly task: 'pair';
  readonly first: string;
  readonly second: string;
  readonly label?: string;
  readonly score?: number;
}

export interface Answer {
  readonly text: string;
  /** UTF-16 units into the context. Absent when the text does not stand there. */
  readonly start?: number;
}

export interface QuestionRow {
  readonly task: 'question-answering';
  readonly id: string;
  readonly title: string;
  readonly context: string;
  readonly question: string;
  /** None: the question cannot be answered from the context. */
  readonly answers: readonly Answer[];
}

/** Source and target of translation, or text and summary. */
export interface SequenceRow {
  readonly task: 'sequence-to-sequence';
  readonly source: string;
  /** The first is trained on; all are references. */
  readonly targets: readonly string[];
}

/** Tokens with a tag each, e.g. `B-PER`. */
export interface TaggingRow {
  readonly task: 'tagging';
  readonly tokens: readonly string[];
  readonly tags: readonly string[];
}

/** A text with marked spans, in UTF-16 units. */
export interface SpansRow {
  readonly task: 'spans';
  readonly text: string;
  readonly entities: readonly Entity[];
}

export interface InstructionRow {
  readonly task: 'instruction';
  readonly instruction: string;
  /** What the instruction is about; often empty. */
  readonly input: string;
  readonly output: string;
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
}

export interface ChatRow {
  readonly task: 'chat';
  readonly messages: readonly Message[];
  /** The functions that the assistant may call, as the file gives them. */
  readonly tools?: string;
}

/** A conversation and possible next answers. */
export interface PreferenceRow {
  readonly task: 'preference';
  readonly messages: readonly Message[];
  /** From best to worst; at least two. */
  readonly ranked: readonly string[];
}

export type DataRow =
  | TextRow
  | RecordRow
  | ClassificationRow
  | PairRow
  | QuestionRow
  | SequenceRow
  | TaggingRow
  | SpansRow
  | InstructionRow
  | ChatRow
  | PreferenceRow;
