// The public names of @yumo/serve.

export { type App, type AppOptions, appFromEnvironment, createApp } from './app.ts';
export { Engine, type EngineEvent, type EngineOptions, type EngineState } from './engine.ts';
export { limits } from './limits.ts';
export { loadGenerator } from './load.ts';
export { type ModelInfo, Models, type ModelsOptions } from './models.ts';
export type { GenerateEvent } from './procedures/generate.ts';
export { type AppRouter, appRouter, createCaller } from './router.ts';
export { type Sampling, samplingSchema } from './sampling.ts';
export { type Listening, listen, type ServeOptions } from './server.ts';
export type { Context, Failure } from './trpc.ts';
