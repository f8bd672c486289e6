// `npm start` and `npm test`: needs Node and npm, nothing else; everything more is brought by this script.

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `yumo needs Node 20.19 or newer; this is Node ${process.versions.node}. Get one from https://nodejs.org`,
  );
  console.error(`yumo 需要 Node 20.19 或更新版本；当前是 ${process.versions.node}。请从 https://nodejs.org 下载`);
  process.exit(1);
}

// Nothing that these scripts start calls home, and no install script downloads.
Object.assign(process.env, {
  NEXT_TELEMETRY_DISABLED: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  ONNXRUNTIME_NODE_INSTALL: 'skip',
  npm_config_update_notifier: 'false',
});

const commands = {
  start: () => import('./start.mjs').then((m) => m.start(process.argv.slice(3))),
  test: () => import('./test.mjs').then((m) => m.test(process.argv.slice(3))),
};

const name = process.argv[2] ?? '';
if (!Object.hasOwn(commands, name)) {
  console.error(`run: unknown command "${name}"; use one of ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
try {
  process.exitCode = await commands[name]();
} catch (error) {
  console.error(error instanceof Error ? `\n${error.message}` : error);
  process.exitCode = 1;
}
