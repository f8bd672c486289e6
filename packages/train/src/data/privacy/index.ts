// Personal data in texts.

export {
  findPrivate,
  maskAll,
  maskPrivate,
  type PrivacyOptions,
  type PrivacyReport,
  type PrivateSpan,
} from './find.ts';
export { type PrivateKind, privateKinds } from './patterns.ts';
