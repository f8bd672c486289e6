// A mistake on the command line, in the form of all other errors and in the language of the user.

import type { CommanderError } from 'commander';
import type { Phrases } from './phrases/en.ts';

/** The parser's sentence, said anew. What it has no phrase for stays as the parser said it. */
export function usageMessage({ code, message }: CommanderError, { usage }: Phrases): string {
  const [sentence = '', hint = ''] = message.replace(/^error: /, '').split('\n');
  const [, named = ''] = /'(.+?)'/.exec(sentence) ?? [];
  const [, nearest] = /\(Did you mean (?:one of )?(.+?)\?\)/.exec(hint) ?? [];
  const meant = nearest === undefined ? '' : usage.meant(nearest);
  switch (code) {
    case 'commander.unknownOption':
      return usage.unknownOption(named) + meant;
    case 'commander.unknownCommand':
      return usage.unknownCommand(named) + meant;
    case 'commander.missingArgument':
      return usage.missingArgument(named);
    case 'commander.optionMissingArgument':
      return usage.optionMissingArgument(named);
    case 'commander.excessArguments':
      return usage.excessArguments;
    case 'commander.invalidArgument': {
      const [, option, value, why] = /'(.+?)' argument '(.*)' is invalid\. (.*)$/s.exec(sentence) ?? [];
      if (option === undefined || value === undefined || why === undefined) return sentence;
      const [, choices] = /^Allowed choices are (.*?)\.?$/.exec(why) ?? [];
      return usage.invalidArgument(option, value, choices === undefined ? why : usage.allowed(choices));
    }
    default:
      return sentence;
  }
}
