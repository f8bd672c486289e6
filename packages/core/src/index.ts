export * from "./ops/build.ts"; export * from "./runtimes/runtime.ts"; export * from "./nn/scope.ts"; export * from "./tensor.ts"
