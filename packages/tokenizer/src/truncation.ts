// Truncation to a number of tokens, with what is cut off kept as overlapping windows.
import { CheckedJson } from './checked-json.ts';
import type { Encoding } from './encoding.ts';
import { TokenizerError } from './errors.ts';

/** How to shorten what is too long. */
export interface TruncationOptions {
  /** Most tokens in the result, special tokens counted. */
  maxLength: number;
  /** Which text of a pair gives way: the longer one (then both alike), the first, or the second. */
  strategy?: 'LongestFirst' | 'OnlyFirst' | 'OnlySecond';
  /** The side that is cut off. */
  direction?: 'Right' | 'Left';
  /** Tokens that each overflowing window shares with the one before it. */
  stride?: number;
  /**
   * Do exactly as the Rust library does. It stops looking at a text once `maxLength` tokens are found, so that the overflowing
   * windows end there too; and where the special tokens alone are more than `maxLength`, it cuts nothing. Default false: the
   * windows cover the whole text, and too small a `maxLength` is an error.
   */
  rustCompatible?: boolean;
}

/** Shortens one or two encodings so that together they have at most `room` tokens. */
export function truncate(
  first: Encoding,
  second: Encoding | null,
  options: TruncationOptions,
  room: number,
): [Encoding, Encoding | null] {
  const { strategy = 'LongestFirst', direction = 'Right', stride = 0 } = options;
  const cut = (encoding: Encoding, length: number) => truncateOne(encoding, length, stride, direction);
  if (room < 0) {
    if (options.rustCompatible) return [first, second];
    throw new TokenizerError(
      'TRUNCATION',
      `Truncation error: maxLength ${options.maxLength} has no room for the ${options.maxLength - room} special tokens`,
      {
        ...options,
      },
    );
  }
  if (room === 0) return [cut(first, 0), second && cut(second, 0)];
  const total = first.length + (second?.length ?? 0);
  if (total <= room) return [first, second];
  if (strategy === 'LongestFirst') {
    if (second === null) return [cut(first, room), null];
    const [n1, n2] = shareRoom(first.length, second.length, room);
    return [cut(first, n1), cut(second, n2)];
  }
  const target = strategy === 'OnlyFirst' ? first : second;
  if (target === null)
    throw new TokenizerError('TRUNCATION', 'Truncation error: Second sequence not provided', { ...options });
  const length = target.length - (total - room);
  if (length <= 0) {
    throw new TokenizerError(
      'TRUNCATION',
      'Truncation error: Sequence to truncate too short to respect the provided max_length',
      {
        ...options,
        length: target.length,
        toRemove: total - room,
      },
    );
  }
  return strategy === 'OnlyFirst' ? [cut(first, length), second] : [first, cut(target, length)];
}

/** Lengths of two texts that share the room: the shorter stays whole if the longer can give way, else both get half. */
function shareRoom(first: number, second: number, room: number): [number, number] {
  let short = Math.min(first, second);
  let long = short > room ? short : Math.max(short, room - short);
  if (short + long > room) {
    short = Math.floor(room / 2);
    long = short + (room % 2);
  }
  return first > second ? [long, short] : [short, long];
}

function truncateOne(encoding: Encoding, length: number, stride: number, direction: 'Right' | 'Left'): Encoding {
  const total = encoding.length;
  if (length >= total) return encoding;
  if (length === 0) return encoding.slice(0, 0).with({}, [encoding]);
  if (stride >= length) {
    throw new TokenizerError(
      'TRUNCATION',
      `Truncation error: stride ${stride} must be less than the ${length} tokens that a window has room for`,
      {
        stride,
        length,
      },
    );
  }
  const windows: Encoding[] = [];
  for (let from = 0, to = 0; to < total; from += length - stride) {
    to = Math.min(from + length, total);
    windows.push(direction === 'Right' ? encoding.slice(from, to) : encoding.slice(total - to, total - from));
  }
  return windows[0]!.with({}, windows.slice(1));
}

/** Whether only as much of text `sequence` is looked at as can stay. */
export function stopsEarly(options: TruncationOptions | null, sequence: 0 | 1): boolean {
  return options?.rustCompatible === true && (options.strategy !== 'OnlySecond' || sequence === 1);
}

/** The part `truncation` of tokenizer.json. */
export function readTruncation(json: unknown, path: string): TruncationOptions {
  const config = new CheckedJson(json, path);
  return {
    maxLength: config.count('max_length'),
    strategy: config.oneOf('strategy', ['LongestFirst', 'OnlyFirst', 'OnlySecond'], 'LongestFirst'),
    direction: config.oneOf('direction', ['Right', 'Left'], 'Right'),
    stride: config.count('stride', 0),
  };
}
