// model_type → the module that builds it.

import { suggestion, YumoError } from '../errors.ts';
import type { CausalLmArchitecture } from './architecture.ts';
import { gpt2 } from './gpt2.ts';
import { llama, mistral, qwen2 } from './llama.ts';

const causalLms = [gpt2, llama, mistral, qwen2] as readonly CausalLmArchitecture[]; // each reads its own config type, checked by its readConfig

/** Every `model_type` with a language-model head. */
export const causalLmTypes: readonly string[] = causalLms.map((a) => a.modelType);

/** The architecture that a config.json names. @throws YumoError `CONFIG` */
export function architectureFor(config: Readonly<Record<string, unknown>>): CausalLmArchitecture {
  const type = config.model_type;
  if (typeof type !== 'string') throw new YumoError('CONFIG', 'config.json: "model_type" is missing', {});
  const found = causalLms.find((a) => a.modelType === type);
  if (!found)
    throw new YumoError(
      'CONFIG',
      `config.json: model_type "${type}" is not supported${suggestion(type, causalLmTypes)}; known: ${causalLmTypes.join(', ')}`,
      { type },
    );
  return found;
}
