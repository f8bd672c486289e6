// The HTTP interface that clients of OpenAI's API speak: /v1/models, /v1/completions, /v1/chat/completions.

import { type ChatTurn, type Grammar, isYumoError, YumoError } from '@yumo/core';
import { z } from 'zod';
import { readBody } from './body.ts';
import type { EngineEvent } from './engine.ts';
import { limits } from './limits.ts';
import type { ModelInfo } from './model-info.ts';
import type { Models } from './models.ts';
import type { Sampling } from './sampling.ts';

const shared = {
  model: z.string().max(200).nullish(),
  max_tokens: z.int().min(1).max(limits.maxNewTokens).nullish(),
  temperature: z.number().min(0).max(limits.temperature).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  /** Not in OpenAI's list, but in that of the open servers. */
  top_k: z.int().min(-1).max(limits.topK).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(limits.penalty).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  seed: z.int().nullish(),
  stop: z
    .union([z.string().max(limits.stopLength), z.array(z.string().max(limits.stopLength)).max(limits.stopStrings)])
    .nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  /** What the answer must be. */
  response_format: z
    .discriminatedUnion('type', [
      z.looseObject({ type: z.literal('text') }),
      z.looseObject({ type: z.literal('json_object') }),
      z.looseObject({
        type: z.literal('json_schema'),
        json_schema: z.looseObject({ schema: z.record(z.string(), z.unknown()) }),
      }),
    ])
    .nullish(),
  /** Not in OpenAI's list, but in that of llama.cpp: a grammar in its notation. */
  grammar: z.string().max(limits.grammarLength).nullish(),
  /** One answer a request. */
  n: z.literal(1).nullish(),
};

// Loose: clients send fields about themselves (`user`, `metadata`, `store`). Those that would change the answer are refused below.
const completionSchema = z.looseObject({
  ...shared,
  prompt: z.union([
    z.string().min(1).max(limits.promptLength),
    z.array(z.string().min(1).max(limits.promptLength)).length(1),
  ]),
  best_of: z.literal(1).nullish(),
  echo: z.boolean().nullish(),
});

const part = z.looseObject({ type: z.literal('text'), text: z.string().max(limits.promptLength) });
const chatSchema = z.looseObject({
  ...shared,
  max_completion_tokens: z.int().min(1).max(limits.maxNewTokens).nullish(),
  messages: z
    .array(
      z.looseObject({
        role: z.enum(['system', 'developer', 'user', 'assistant']),
        content: z.union([z.string().max(limits.promptLength), z.array(part)]),
      }),
    )
    .min(1)
    .max(limits.messages),
});

/** Fields that would change the answer and that this server does not know. */
const unsupported = ['tools', 'tool_choice', 'functions', 'logit_bias', 'logprobs', 'top_logprobs', 'suffix', 'audio'];

type Completion = z.infer<typeof completionSchema>;
type Chat = z.infer<typeof chatSchema>;

function grammarOf({ response_format: format, grammar }: Completion | Chat): Grammar | undefined {
  if (grammar) return { kind: 'gbnf', text: grammar };
  if (format?.type === 'json_object') return { kind: 'json-schema', schema: { type: 'object' } };
  return format?.type === 'json_schema' ? { kind: 'json-schema', schema: format.json_schema.schema } : undefined;
}

/** OpenAI's defaults where they name one; ours (the model's) elsewhere. */
function samplingOf(body: Completion | Chat, maxNewTokens: number): Sampling {
  const given = <K extends keyof Sampling>(name: K, v: Sampling[K] | null | undefined): Partial<Sampling> =>
    v === null || v === undefined ? {} : { [name]: v };
  const stop = typeof body.stop === 'string' ? [body.stop] : body.stop?.filter((s) => s !== '');
  return {
    maxNewTokens,
    ...given('temperature', body.temperature ?? 1),
    ...given('topP', body.top_p),
    ...given('topK', body.top_k === -1 ? 0 : body.top_k),
    ...given('minP', body.min_p),
    ...given('repetitionPenalty', body.repetition_penalty),
    ...given('frequencyPenalty', body.frequency_penalty),
    ...given('presencePenalty', body.presence_penalty),
    ...given('seed', body.seed === null || body.seed === undefined ? undefined : Math.abs(body.seed) % 2 ** 32),
    ...given('stop', stop && stop.length > 0 ? stop : undefined),
  };
}

/** OpenAI's newer name of the system's turn is its older one in every template. */
const turnsOf = (messages: Chat['messages']): ChatTurn[] =>
  messages.map(({ role, content }) => ({
    role: role === 'developer' ? 'system' : role,
    content: typeof content === 'string' ? content : content.map((p) => p.text).join(''),
  }));

/** What differs between the two kinds of answer. */
interface Form {
  readonly idPrefix: string;
  readonly whole: string;
  readonly piece: string;
  choice(text: string): Record<string, unknown>;
  delta(text: string, first: boolean): Record<string, unknown>;
  /** What the last piece of a stream carries in place of text. */
  readonly empty: Record<string, unknown>;
}
const completionForm: Form = {
  idPrefix: 'cmpl-',
  whole: 'text_completion',
  piece: 'text_completion',
  choice: (text) => ({ text, logprobs: null }),
  delta: (text) => ({ text, logprobs: null }),
  empty: { text: '', logprobs: null },
};
const chatForm: Form = {
  idPrefix: 'chatcmpl-',
  whole: 'chat.completion',
  piece: 'chat.completion.chunk',
  choice: (text) => ({ message: { role: 'assistant', content: text, refusal: null }, logprobs: null }),
  delta: (text, first) => ({ delta: first ? { role: 'assistant', content: text } : { content: text }, logprobs: null }),
  empty: { delta: {}, logprobs: null },
};

type Done = Extract<EngineEvent, { kind: 'done' }>;
const finishReason = ({ reason }: Done): string => (reason === 'length' || reason === 'context' ? 'length' : 'stop');
const usageOf = ({ promptTokens, newTokens }: Done): Record<string, number> => ({
  prompt_tokens: promptTokens,
  completion_tokens: newTokens,
  total_tokens: promptTokens + newTokens,
});

/** Answers a request whose path begins with /v1/. `client` tells users apart. */
export async function openai(request: Request, path: string, models: Models, client: string): Promise<Response> {
  try {
    if (path === '/v1/models' && request.method === 'GET') return await listModels(models);
    if (path.startsWith('/v1/models/') && request.method === 'GET')
      return await oneModel(models, decodeURIComponent(path.slice('/v1/models/'.length)));
    const isChat = path === '/v1/chat/completions';
    if (!isChat && path !== '/v1/completions')
      throw new YumoError(
        'FILE',
        `${path}: not here; this server has /v1/models, /v1/completions and /v1/chat/completions`,
        { path },
      );
    if (request.method !== 'POST')
      return failure(new YumoError('USAGE', `${path}: send POST`, { method: request.method }), 405);
    const json = await readBody(request, limits.bodyBytes);
    const refused = unsupported.find((name) => json[name] !== undefined && json[name] !== null && json[name] !== false);
    if (refused) throw new YumoError('USAGE', `${path}: "${refused}" is not supported`, { field: refused });
    if (isChat) {
      const body = parse(chatSchema, json, path);
      const model = await modelOf(models, body.model);
      return await answer(
        request,
        models,
        client,
        chatForm,
        model,
        turnsOf(body.messages),
        samplingOf(body, body.max_completion_tokens ?? body.max_tokens ?? 256),
        body,
      );
    }
    const body = parse(completionSchema, json, path);
    const prompt = typeof body.prompt === 'string' ? body.prompt : body.prompt.join('');
    return await answer(
      request,
      models,
      client,
      completionForm,
      await modelOf(models, body.model),
      prompt,
      samplingOf(body, body.max_tokens ?? 16),
      body,
      body.echo ? prompt : '',
    );
  } catch (error) {
    return failure(error);
  }
}

const modelOf = async (models: Models, asked: string | null | undefined): Promise<string> =>
  asked ? asked : models.default();

async function answer(
  request: Request,
  models: Models,
  client: string,
  form: Form,
  model: string,
  prompt: string | readonly ChatTurn[],
  sampling: Sampling,
  body: Completion | Chat,
  echo = '',
): Promise<Response> {
  const { stream, stream_options } = body;
  const engine = await models.engine(model);
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const events = engine.generate(prompt, { ...sampling, grammar: grammarOf(body), signal }, client);
  const head = { id: form.idPrefix + crypto.randomUUID(), created: Math.floor(Date.now() / 1000), model };
  if (!stream) {
    for await (const event of events) {
      if (event.kind !== 'done') continue;
      if (event.reason === 'aborted') throw new YumoError('ABORTED', 'the request was stopped', {});
      const choice = { index: 0, ...form.choice(echo + event.text), finish_reason: finishReason(event) };
      return Response.json({ ...head, object: form.whole, choices: [choice], usage: usageOf(event) });
    }
    throw new Error('internal: a generation ended without its last event');
  }
  // The first event is awaited here, so that a refusal (queue full, prompt too long) still has its status.
  const first = await events.next();
  return new Response(serverSentEvents(first, events, head, form, echo, stream_options?.include_usage ?? false, stop), {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    },
  });
}

function serverSentEvents(
  first: IteratorResult<EngineEvent, void>,
  events: AsyncGenerator<EngineEvent, void>,
  head: Record<string, unknown>,
  form: Form,
  echo: string,
  includeUsage: boolean,
  stop: AbortController,
): ReadableStream<Uint8Array> {
  async function* pieces(): AsyncGenerator<string> {
    const piece = (choice: Record<string, unknown> | undefined, rest: Record<string, unknown> = {}): string =>
      `data: ${JSON.stringify({ ...head, object: form.piece, choices: choice ? [{ index: 0, ...choice }] : [], ...rest })}\n\n`;
    let begun = false;
    try {
      if (echo !== '') yield piece({ ...form.delta(echo, true), finish_reason: null });
      for (let next = first; !next.done; next = await events.next()) {
        const event = next.value;
        if (event.kind === 'token' && event.text !== '') {
          yield piece({ ...form.delta(event.text, !begun), finish_reason: null });
          begun = true;
        } else if (event.kind === 'done') {
          yield piece({ ...form.empty, finish_reason: finishReason(event) });
          if (includeUsage) yield piece(undefined, { usage: usageOf(event) });
        }
      }
    } catch (error) {
      yield `data: ${JSON.stringify(describe(error))}\n\n`;
    }
    yield 'data: [DONE]\n\n';
  }
  const text = pieces();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await text.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      stop.abort(); // first: a step in progress ends at its next token
      await events.return();
    },
  });
}

async function listModels(models: Models): Promise<Response> {
  const list = await models.list();
  return Response.json({
    object: 'list',
    data: list.filter((m) => m.problem === undefined).map(modelObject),
  });
}

async function oneModel(models: Models, name: string): Promise<Response> {
  const found = (await models.list()).find((m) => m.name === name);
  if (!found) throw new YumoError('FILE', `model "${name}": not here; GET /v1/models lists them`, { model: name });
  return Response.json(modelObject(found));
}

const modelObject = ({ name, tasks }: ModelInfo): Record<string, unknown> => ({
  id: name,
  object: 'model',
  created: 0,
  owned_by: 'yumo',
  /** Not in OpenAI's list: what the model can do; `write` is what completions need. */
  capabilities: tasks,
});

function parse<T>(schema: z.ZodType<T>, json: unknown, path: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new YumoError('USAGE', `${path}: ${field ? `"${field}": ` : ''}${issue?.message ?? 'not understood'}`, {
    field,
  });
}

/** OpenAI's form of an error. */
function describe(error: unknown): { error: Record<string, unknown> } {
  if (!isYumoError(error))
    return { error: { message: 'the server failed; its log says why', type: 'server_error', param: null, code: null } };
  const type =
    error.code === 'BUSY'
      ? 'rate_limit_error'
      : (statuses[error.code] ?? 500) < 500
        ? 'invalid_request_error'
        : 'server_error';
  return {
    error: {
      message: error.message,
      type,
      param: error.detail.field ?? null,
      code: error.code === 'CONTEXT' ? 'context_length_exceeded' : error.code,
    },
  };
}

const statuses: Readonly<Record<string, number>> = {
  BUSY: 429,
  FILE: 404,
  ABORTED: 499,
  USAGE: 400,
  CONFIG: 400,
  DATA: 400,
  CONTEXT: 400,
  TOKENIZER: 400,
};

function failure(error: unknown, status = isYumoError(error) ? (statuses[error.code] ?? 500) : 500): Response {
  if (!isYumoError(error)) console.error(error); // a bug of ours: the log says where
  return Response.json(describe(error), { status, ...(status === 429 ? { headers: { 'retry-after': '2' } } : {}) });
}
