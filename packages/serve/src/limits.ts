// How much one request may ask for. Beyond it a request is refused by name; nothing is cut silently.

export const limits = {
  /** UTF-16 units of a prompt. A model's context is far smaller; this bounds the work of finding that out. */
  promptLength: 400_000,
  maxNewTokens: 8192,
  stopStrings: 16,
  stopLength: 200,
  topK: 1_000_000,
  temperature: 10,
  penalty: 10,
  /** Bytes of a request's body. */
  bodyBytes: 4 * 2 ** 20,
  messages: 1000,
  /** UTF-16 units of a text to read: a book is about a million. */
  textLength: 400_000,
  questionLength: 2000,
  prefixLength: 200,
  /** Texts of one request to classify. */
  texts: 1000,
  answers: 20,
  answerTokens: 200,
  beams: 8,
  /** UTF-16 units of a grammar. */
  grammarLength: 100_000,
} as const;
