// The public names of @yumo/serve.

export { type App, type AppOptions, appFromEnvironment, createApp } from './app.ts';
export type { CardResult } from './card.ts';
export { clientAddress, trustedProxies } from './client-address.ts';
export { Engine, type EngineEvent, type EngineOptions, type EngineState } from './engine.ts';
export { limits } from './limits.ts';
export { loadGenerator, loadTask } from './load.ts';
export { type Direction, type ModelInfo, madeRecord } from './model-info.ts';
export { Models, type ModelsOptions } from './models.ts';
export type { GenerateEvent } from './procedures/generate.ts';
export type { RecipeInfo } from './recipes.ts';
export { type AppRouter, appRouter, createCaller } from './router.ts';
export { type Sampling, samplingSchema } from './sampling.ts';
export { type Listening, listen, type ServeOptions } from './server.ts';
export * from './tasks/index.ts';
export type { Context, Failure } from './trpc.ts';
