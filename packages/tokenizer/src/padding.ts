// Padding to a common length.
import { CheckedJson } from './checked-json.ts';
import { concatenate, type Encoding, textless } from './encoding.ts';

/** How to lengthen what is too short. */
export interface PaddingOptions {
  /** Length to pad to; absent: that of the longest encoding of the batch. */
  length?: number;
  /** Round the length up to a multiple of this. */
  multipleOf?: number;
  /** The side that padding is put on. */
  direction?: 'Right' | 'Left';
  id?: number;
  token?: string;
  typeId?: number;
}

/** The encodings, each with padding to the common length; longer ones stay as they are. Overflowing windows are padded too. */
export function pad(encodings: readonly Encoding[], options: PaddingOptions): Encoding[] {
  let length = options.length ?? encodings.reduce((longest, encoding) => Math.max(longest, encoding.length), 0);
  const multiple = options.multipleOf ?? 0;
  if (multiple > 0) length = Math.ceil(length / multiple) * multiple;
  return encodings.map((encoding) => padOne(encoding, length, options));
}

function padOne(encoding: Encoding, length: number, options: PaddingOptions): Encoding {
  const overflowing = encoding.overflowing.map((window) => padOne(window, length, options));
  const missing = length - encoding.length;
  if (missing <= 0) return encoding.with({}, overflowing);
  const { id = 0, token = '[PAD]', typeId = 0 } = options;
  const padding = textless(new Array<number>(missing).fill(id), new Array<string>(missing).fill(token), typeId, 0);
  return concatenate(options.direction === 'Left' ? [padding, encoding] : [encoding, padding]).with({}, overflowing);
}

/** The part `padding` of tokenizer.json. */
export function readPadding(json: unknown, path: string): PaddingOptions {
  const config = new CheckedJson(json, path);
  const strategy = config.get('strategy') ?? 'BatchLongest';
  const common = {
    multipleOf: config.count('pad_to_multiple_of', 0),
    direction: config.oneOf('direction', ['Right', 'Left'], 'Right'),
    id: config.count('pad_id', 0),
    token: config.string('pad_token', '[PAD]'),
    typeId: config.count('pad_type_id', 0),
  };
  return strategy === 'BatchLongest' ? common : { ...common, length: config.object('strategy').count('Fixed') };
}
