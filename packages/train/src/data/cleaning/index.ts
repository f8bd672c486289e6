// Cleaning of texts.

export { type CleanOptions, type CleanReport, type CleanText, cleanTexts, type DropReason } from './clean.ts';
export {
  type Duplicate,
  type DuplicateOptions,
  findDuplicates,
  findOverlap,
  type Likeness,
  type Overlap,
} from './duplicates.ts';
export { type Language, type LanguageGuess, languageOf, languages } from './language.ts';
export { type NormalizeOptions, normalizeText } from './normalize.ts';
export { type StopWordLanguage, stopWords, withoutStopWords } from './stop-words.ts';
